-- Title: Count the countries
-- Purpose: how many countries the cells lie in; 0 where no static file was loaded
-- Units: none
-- Caveat: none
-- Source: cell
-- Needs: cell
SELECT count(DISTINCT country_code) FROM cell;
