-- The statement whose syntax tree is given as parameter, without comments, every operator in
-- parentheses.
SELECT json_deserialize_sql(CAST(? AS JSON));
