"""The version of luc-load."""

__version__ = "0.2.0"
