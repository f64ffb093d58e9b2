"""From files to rows: open, understand, plan, read in the order of storage."""
