-- Title: Spans of years of the emissions
-- Purpose: the span of eluc_series that holds a year, one row for every loaded year
-- Units: calendar years
-- Caveat: first_year is NULL for years outside of all spans; a span may have years without emissions
-- Source: the years of the loaded files
-- Needs: none
CREATE TABLE meta.eluc_span (
    "year" SMALLINT NOT NULL,
    "date" DATE NOT NULL,
    first_year SMALLINT
);
