-- Title: Layouts of the source files
-- Purpose: one row for every gridded source: order, coordinates, time axis and attributes of its
--   file, and what a row that is not stored stands for, so that an export gives the file back
-- Units: none
-- Caveat: for luc-load export and loader.open_dataset; numbers are packed bytes in JSON
-- Source: the loaded files
-- Needs: none
CREATE TABLE file_layout (
    name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    layout VARCHAR NOT NULL
);
