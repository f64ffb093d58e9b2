-- Title: Loaded years
-- Purpose: one row for every year that any table holds, with its neighbours, and which of eluc and
--   state have it
-- Units: calendar years
-- Caveat: prev_year and next_year are neighbours among all loaded years; years may have gaps
-- Source: the time axes of the loaded files
-- Needs: none
CREATE TABLE "year" (
    "year" SMALLINT NOT NULL,
    "date" DATE NOT NULL,
    prev_year SMALLINT,
    next_year SMALLINT,
    has_eluc BOOLEAN NOT NULL,
    has_state BOOLEAN NOT NULL
);
