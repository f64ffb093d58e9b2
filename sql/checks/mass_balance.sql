-- Title: Mass balance
-- Purpose: cells and years whose states do not change as the transitions say, with the transition
--   that explains it
-- Units: fractions of the cell (1)
-- Caveat: within 1e-5; two opposite numbers name a pair of land uses, not which of the two
--   directions is wrong; one number alone is a wrong state
-- Source: LUH2 states.nc and transitions.nc
-- Needs: mass_balance
{% set worst -%}
greatest(
{%- for use in fractions %}
        abs({{ (use ~ "_balance") | identifier }}){% if not loop.last %},{% endif %}
{%- endfor %}

    )
{%- endset %}
{% if figures %}
SELECT
    count(primf_balance) AS counted,
    coalesce(max({{ worst }}) <= 1e-5, TRUE) AS holds,
    max({{ worst }}) AS largest_balance,
    min("year") AS first_year,
    max("year") AS last_year
FROM mass_balance;
{% else %}
WITH off_balance AS MATERIALIZED (
    SELECT *
    FROM mass_balance
    WHERE {{ worst }} > 1e-5
),

land_use_off AS (
{%- for use in fractions %}
    {%- if not loop.first %}
    UNION ALL
    {%- endif %}
    SELECT
        cell_id,
        "year",
        {{ use | literal }} AS land_use,
        {{ (use ~ "_balance") | identifier }} AS balance
    FROM off_balance
    WHERE abs({{ (use ~ "_balance") | identifier }}) > 1e-5
{%- endfor %}

),

-- A transition that is too large takes too much from its origin, whose balance is above 0.
found AS (
    SELECT
        cell_id,
        "year",
        count(*) AS land_uses,
        max(balance) AS most,
        min(balance) AS least,
        arg_max(land_use, balance) AS above,
        arg_min(land_use, balance) AS below,
        string_agg(land_use || ' ' || format('{:+.2g}', balance), ', ' ORDER BY land_use) AS note
    FROM land_use_off
    GROUP BY cell_id, "year"
),

move (variable, origin, target) AS (
    VALUES
{%- for move in moves %}
    ({{ move.variable | literal }}, {{ move.origin | literal }}, {{ move.target | literal }})
    {%- if not loop.last %},{% endif %}
{%- endfor %}

),

named AS (
    SELECT
        f.cell_id,
        f."year",
        string_agg(
            m.variable || CASE WHEN m.origin = f.above THEN ' too large' ELSE ' too small' END,
            ' or '
            ORDER BY m.variable
        ) AS variable
    FROM found AS f
    INNER JOIN move AS m
        ON (m.origin = f.above AND m.target = f.below)
        OR (m.origin = f.below AND m.target = f.above)
    WHERE f.land_uses = 2 AND abs(f.most + f.least) <= 2e-5
    GROUP BY f.cell_id, f."year"
)
SELECT
    coalesce(n.variable, CASE WHEN f.land_uses = 1 THEN 'state ' || f.above ELSE 'several' END)
        AS variable,
    f.cell_id,
    f."year",
    CASE WHEN f.most >= -f.least THEN f.most ELSE f.least END AS "value",
    0e0 AS expected,
    f.note
FROM found AS f
LEFT JOIN named AS n ON n.cell_id = f.cell_id AND n."year" = f."year";
{% endif %}
