-- Emissions and forest change of each country and decade.
with forest as (
    select
        country,
        "year",
        lead(forest_mha) over (partition by country order by "year") - forest_mha as change_mha
    from {{ source('luc', 'state_country') }}
)

select
    e.country_iso3,
    e.country,
    e."year" // 10 * 10 as decade,
    count(*) as years,
    sum(e.emission_mtc) as emission_mtc,
    sum(f.change_mha) as forest_change_mha
from {{ source('luc', 'eluc_country') }} as e
-- By name: some territories have no code.
left join forest as f on f.country = e.country and f."year" = e."year"
group by all
