"""The commands, one module each: parse, call one function of the library, print.

A module imports click and nothing that is slow: what a command needs is imported when it runs, so
that `luc-load --help` answers at once.
"""
