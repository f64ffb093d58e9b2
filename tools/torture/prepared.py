"""What the process that forks for every build has done before: imported by `tools.zygote`.

The trial of source files and databases in another process changes no file of the output, and takes
longer than the rest of a small build.
"""

from __future__ import annotations

import loader.building.build
import loader.reading.probe
import loader.storing.look

loader.reading.probe._start = lambda *_: None  # noqa: SLF001
loader.storing.look._exit_code = lambda texts: 0  # noqa: ARG005, SLF001
