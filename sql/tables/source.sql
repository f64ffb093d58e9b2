-- Title: Source files
-- Purpose: one row for every file that was loaded: what it is, its digest and its years
-- Units: bytes, calendar years
-- Caveat: path is the path at the time of the build; of a URL, without user, password and query
-- Source: the build
-- Needs: none
CREATE TABLE source (
    name VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    size BIGINT,
    digest VARCHAR,
    title VARCHAR,
    version VARCHAR,
    licence VARCHAR,
    first_year SMALLINT,
    last_year SMALLINT,
    variables VARCHAR,
    synthetic BOOLEAN NOT NULL
);
