"""The same blocks on an existing dask.distributed cluster; the client alone decides what counts.

A task is a function of a block: it reads a source, writes one Parquet part under a name that is the
attempt's own, and returns what it wrote. distributed may run a task twice or on a worker that then
dies; no file counts until the client has given it the block's name.
"""
