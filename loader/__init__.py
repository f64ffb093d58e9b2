"""luc-load."""
