-- True if any source of the build is a synthetic sample. One synthetic source is enough.
SELECT coalesce(bool_or(synthetic), FALSE) FROM source;
