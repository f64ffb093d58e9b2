-- The value of a variable of this session, NULL if it was not set. Of this session only.
SELECT getvariable({{ name | literal }});
