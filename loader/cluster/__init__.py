"""Build on an existing dask.distributed cluster; only the client publishes parts.

A task reads one block of a source, writes one Parquet part under a name that is unique to the
attempt, and returns a description of it. distributed may run a task twice, or on a worker that then
dies, so a file becomes a part only when the client renames it to the name of the block.
"""
