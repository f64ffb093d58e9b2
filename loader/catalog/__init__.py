"""The SQL of sql/: rendered, created as tables, views and macros, and described."""
