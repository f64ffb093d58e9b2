"""Fetch the real source files: resumable after a cut, checked, never half a file under its name.

::

    addresses   where each source lies, its size and digest where they are known
    client      one HTTP request for a file, or for the rest of it
    partial     the file while it grows, and what is known of it on disk
    verify      whether bytes are netCDF
    space       room on the disk
    conditions  how patient a transfer is, and who watches it
    transfer    a file from the first request to its final name, through cuts and retries
    fetch       all files, some at a time
    progress    rate and time left
"""
