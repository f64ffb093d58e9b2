"""Builds that are killed, starved and lied to at chosen moments: what is left must be whole.

`make torture` runs it all; a few points of it are in `make test`.
"""
