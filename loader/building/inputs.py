"""Select the source files of a build: those named, or the files with the usual names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from loader.errors import SourceError, SourceMissingError, UsageError, one_line
from loader.remote.stores import is_address
from loader.reporting import Progress
from loader.schema import SOURCES, STATIC

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import xarray as xr

    from loader.reporting import Reporter

__all__ = ["UsualPath", "find_sources", "sample_sources"]


class UsualPath(str):
    """A file that was found by its usual name: left out if it does not match the other sources."""

    __slots__ = ()


def find_sources(
    named: Mapping[str, str | os.PathLike[str] | xr.Dataset | None],
    raw: str | os.PathLike[str],
    warn: Callable[[str], None],
    *,
    everything: bool = False,
) -> dict[str, str | xr.Dataset]:
    """Return the sources to load, in loading order, with the static grid last.

    Parameters
    ----------
    named : mapping of str to path, xarray.Dataset or None
        By name of the source; None if it was not named.
    raw : path
        The folder in which files with the usual names are looked for.
    warn : callable
        Receives a message if only one of the two default sources exists.
    everything : bool
        Also load transitions and management if their usual files are in `raw`. The static grid is
        always loaded if its file is there.

    Returns
    -------
    dict of str to (str or xarray.Dataset)

    Raises
    ------
    SourceMissingError
        If a named source does not exist, or no source was named and no default exists.
    SourceError
        If two sources are the same file.
    """
    folder = _folder(raw)
    chosen = {name: _existing(name, value) for name, value in named.items() if value is not None}
    # A named source comes first. The defaults are used only if neither of them was named.
    sources: dict[str, str | xr.Dataset] = {}
    defaults_wanted = all(named.get(name) is None for name, s in SOURCES.items() if s.default)
    missing = []
    for name, source in SOURCES.items():
        usual = folder / source.file
        if name in chosen:
            sources[name] = chosen[name]
        elif source.default and defaults_wanted:
            if _is_there(usual):
                sources[name] = str(usual)
            else:
                missing.append(usual)
        elif everything and not source.default and _is_there(usual):
            sources[name] = str(usual)
    if not sources:
        raise _nothing_to_read(missing)
    usual = folder / STATIC.file
    if STATIC.name in chosen:
        sources[STATIC.name] = chosen[STATIC.name]
    elif _is_there(usual):
        sources[STATIC.name] = UsualPath(usual)
    for usual in missing:
        warn(f"{usual}: no such file; its tables stay empty")
    _refuse_twice(sources)
    return sources


def sample_sources(
    folder: str | os.PathLike[str],
    years: tuple[int | None, int | None],
    reporter: Reporter,
    *,
    everything: bool = False,
) -> dict[str, str | xr.Dataset]:
    """Write the synthetic sources that a build needs, unless they exist already.

    Parameters
    ----------
    folder : path
        Created if it does not exist.
    years : tuple of (int or None, int or None)
        Years requested by the build; the states end one year later than the emissions.
    reporter : Reporter
    everything : bool
        Also write transitions and management.

    Returns
    -------
    dict of str to str
        Path by name of the source, in loading order.

    Raises
    ------
    UsageError
        If the real files do not cover the years.
    OutputError
        If a synthetic file would replace a real one.
    """
    # Imported here: a build of real files does not need the generator.
    from loader.sampling import (  # noqa: PLC0415
        DEFAULT_YEARS,
        FIRST_YEAR,
        LAST_YEAR,
        sample_files,
        write_sample,
    )

    wanted = [name for name, s in SOURCES.items() if s.default or everything]
    first = DEFAULT_YEARS[0] if years[0] is None else years[0]
    last = DEFAULT_YEARS[1] if years[1] is None else years[1]
    end = LAST_YEAR + 1
    if not (FIRST_YEAR <= first <= last and first <= end):
        raise UsageError(f"--sample covers {FIRST_YEAR}:{end}; requested: {first}:{last}")
    span = (min(first, LAST_YEAR), min(last, LAST_YEAR))
    # Leave out sources whose first year is after the years of the sample.
    wanted = [name for name in wanted if span[1] >= (SOURCES[name].first_year or FIRST_YEAR)]
    wanted.append(STATIC.name)
    reporter.notice(f"writing synthetic sources to {folder}")
    write_sample(
        folder,
        years=span,
        only=wanted,
        progress=lambda name, done, total: reporter.progress(
            Progress(f"sample of {name}", None, 0, done / total)
        ),
    )
    files = sample_files()
    return {name: str(Path(folder) / files[name]) for name in wanted}


def _folder(raw: str | os.PathLike[str]) -> Path:
    if is_address(os.fspath(raw)):
        expected = "expected a local folder; name each file with --states and --eluc instead"
        raise UsageError(f"--raw is {raw}; {expected}")
    return Path(raw)


def _existing(name: str, value: str | os.PathLike[str] | xr.Dataset) -> str | xr.Dataset:
    if not isinstance(value, str | os.PathLike):
        return _checked_dataset(name, value)
    path = os.fspath(value)
    if not isinstance(path, str):
        raise UsageError(f"{name} is {path!r}; expected a path of type str, not bytes")
    if not path:
        raise UsageError(f"--{name} is empty; expected a path")
    if is_address(path):
        scheme, _, rest = path.partition("://")
        if scheme != "file":
            return path
        path = rest
    file = Path(path)
    if not _is_there(file):
        link = f"a link to {file.readlink()}, " if file.is_symlink() else ""
        raise SourceMissingError(path, f"no such file ({link}named by --{name})")
    return path


def _is_there(path: Path) -> bool:
    """Return whether a file exists.

    Raises
    ------
    SourceError
        If this cannot be determined: a folder denies access, or the name is too long.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise SourceError(str(path), f"cannot be accessed ({one_line(error)})") from error
    return True


def _checked_dataset(name: str, value: object) -> xr.Dataset:
    """Return a dataset that the caller opened.

    Raises
    ------
    UsageError
        If the value is not an xarray.Dataset.
    """
    import xarray as xr  # noqa: PLC0415  # slow to import; paths do not need it

    if isinstance(value, xr.Dataset):
        return value
    expected = "expected a path or an xarray.Dataset"
    if isinstance(value, xr.DataArray):
        expected += " (convert it with to_dataset)"
    raise UsageError(f"{name} is of type {type(value).__name__}; {expected}")


def _nothing_to_read(missing: list[Path]) -> SourceMissingError:
    names = " nor ".join(path.name for path in missing)
    folder = str(missing[0].parent) if missing else "."
    return SourceMissingError(
        folder,
        f"contains neither {names}, and no source was named. "
        "Download the LUH2 files from https://doi.org/10.5281/zenodo.15556812 and the BLUE file "
        f"into {folder}, name them with --states and --eluc, or try synthetic data with "
        "luc-load build --sample",
    )


def _refuse_twice(sources: Mapping[str, str | xr.Dataset]) -> None:
    """Raise SourceError if two names refer to the same file, also through links."""
    seen: dict[object, str] = {}
    for name, path in sources.items():
        if not isinstance(path, str):
            continue
        identity: object = path
        if not is_address(path):
            status = Path(path).stat()
            identity = (status.st_dev, status.st_ino)
        if identity in seen:
            raise SourceError(
                path, f"is named by both --{seen[identity]} and --{name}; expected two files"
            )
        seen[identity] = name
