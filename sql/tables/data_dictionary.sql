-- Title: Data dictionary
-- Purpose: one row for every column of every table and view of main: type, unit, meaning and origin
-- Units: none
-- Caveat: unit '1' is a pure number, 'text' a name or code
-- Source: luc-load's glossary, and the attributes of the loaded files
-- Needs: none
CREATE TABLE data_dictionary (
    table_name VARCHAR NOT NULL,
    column_name VARCHAR NOT NULL,
    data_type VARCHAR NOT NULL,
    unit VARCHAR NOT NULL,
    description VARCHAR NOT NULL,
    source VARCHAR NOT NULL
);
