-- Title: Count the countries of a database that may come from anyone
-- Purpose: how many countries of today and of LUH2's static grid the stored table region has
-- Units: none
-- Caveat: none
-- Source: region
-- Needs: region
SELECT
    count(*) FILTER (WHERE layer = 'country'),
    count(*) FILTER (WHERE layer = 'luh2_country')
FROM luc.{{ schema | identifier }}.region;
