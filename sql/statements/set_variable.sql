-- Gives a query of queries/ the value of one of its parameters, bound as $1. Of this session only.
SET VARIABLE {{ name | identifier }} = $1;
