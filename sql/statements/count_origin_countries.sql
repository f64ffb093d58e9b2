-- Title: Count the countries of a database that may come from anyone
-- Purpose: how many countries the cells of the stored table cell lie in; 0 without a static file
-- Units: none
-- Caveat: none
-- Source: cell
-- Needs: cell
SELECT count(DISTINCT country_code) FROM luc.{{ schema | identifier }}.cell;
