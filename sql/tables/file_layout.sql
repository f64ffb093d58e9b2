-- Title: Layouts of the source files
-- Purpose: one row for every gridded source: order, coordinates, time axis and attributes of its
--   file, and the value of cells without a row, so that an export can write the file again
-- Units: none
-- Caveat: read by luc-load export and loader.open_dataset; numbers are packed bytes in JSON
-- Source: the loaded files
-- Needs: none
CREATE TABLE meta.file_layout (
    name VARCHAR NOT NULL,
    table_name VARCHAR NOT NULL,
    layout VARCHAR NOT NULL
);
