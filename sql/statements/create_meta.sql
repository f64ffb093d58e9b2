-- Creates the schema meta in the current database. Main, the schema that clients list first, holds
-- what people use.
CREATE SCHEMA IF NOT EXISTS meta;
