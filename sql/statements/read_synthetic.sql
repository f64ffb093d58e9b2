-- Title: Whether the data are synthetic
-- Purpose: true if any source of the build is a synthetic sample
-- Units: none
-- Caveat: one synthetic source is enough
-- Source: the table source
-- Needs: source
SELECT coalesce(bool_or(synthetic), FALSE) FROM source;
