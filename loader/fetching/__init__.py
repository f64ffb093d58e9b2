"""Download the real source files: resumable, verified, and renamed only when complete.

::

    addresses   where each source is published, with its size and digest
    client      one HTTP request for a file, or for the rest of it
    partial     the file during its download, and the note on it
    verify      whether bytes are netCDF
    space       free space on the disk
    conditions  retries and time limits, and the listener of a download
    transfer    a file from the first request to its final name, with retries
    fetch       all files, several at the same time
    progress    rate and time left

`requests` and `urllib3` handle redirects, proxies and certificates, but do not resume. The rest of
a file is requested with `Range` and `If-Range`, and appended only if the response is 206, begins at
the requested byte and names the same content: a server that ignores `Range` answers 200 with the
complete file. A file is not split into parallel ranges: several files are downloaded at the same
time, and a server that limits a connection limits several too.
"""
