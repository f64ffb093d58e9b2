-- Title: Read a table back
-- Purpose: every row of a table, or those of some years, to be compared with what was written
-- Units: those of the table
-- Caveat: in no particular order
-- Source: the table
-- Needs: none
SELECT * FROM {{ schema | identifier }}.{{ table | identifier }}
{%- if years %} WHERE "year" BETWEEN {{ years[0] | literal }} AND {{ years[1] | literal }}
{%- endif %};
