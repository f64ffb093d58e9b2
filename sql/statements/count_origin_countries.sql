-- How many countries of today and of LUH2's static grid the stored table region has.
SELECT
    count(*) FILTER (WHERE layer = 'country'),
    count(*) FILTER (WHERE layer = 'luh2_country')
FROM luc.{{ schema | identifier }}.region;
