-- Title: Insert a block of rows
-- Purpose: appends the registered Arrow table luc_rows to a table, column by column as they stand
-- Units: those of the table
-- Caveat: the columns of luc_rows must be in the table's order
-- Source: the block
-- Needs: none
INSERT INTO {{ table | identifier }} SELECT * FROM luc_rows;
