"""Which source files a build loads: those named, or the usual ones where they lie."""

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
    """A file that nobody named: it is left out where it does not fit the others."""

    __slots__ = ()


def find_sources(
    named: Mapping[str, str | os.PathLike[str] | xr.Dataset | None],
    raw: str | os.PathLike[str],
    warn: Callable[[str], None],
    *,
    everything: bool = False,
) -> dict[str, str | xr.Dataset]:
    """Return the sources to load, in the order of loading, the static grid last.

    Parameters
    ----------
    named : mapping of str to path, xarray.Dataset or None
        By name of the source; None was not named.
    raw : path
        The folder of the usual files.
    warn : callable
        Told of a default that is missing while another is there.
    everything : bool
        Also load transitions and management where their usual file is in `raw`. The static grid
        always is.

    Returns
    -------
    dict of str to (str or xarray.Dataset)

    Raises
    ------
    SourceMissingError
        If a named source does not exist, or nothing was named and no default exists.
    SourceError
        If two sources are the same file.
    """
    folder = _folder(raw)
    chosen = {name: _existing(name, given) for name, given in named.items() if given is not None}
    found: dict[str, str | xr.Dataset] = {}
    defaults_wanted = all(named.get(name) is None for name, s in SOURCES.items() if s.default)
    missing = []
    for name, source in SOURCES.items():
        usual = folder / source.file
        if name in chosen:
            found[name] = chosen[name]
        elif source.default and defaults_wanted:
            if _is_there(usual):
                found[name] = str(usual)
            else:
                missing.append(usual)
        elif everything and not source.default and _is_there(usual):
            found[name] = str(usual)
    if not found:
        raise _nothing_to_read(missing)
    usual = folder / STATIC.file
    if STATIC.name in chosen:
        found[STATIC.name] = chosen[STATIC.name]
    elif _is_there(usual):
        found[STATIC.name] = UsualPath(usual)
    for usual in missing:
        warn(f"{usual}: there is no such file; its tables stay empty")
    _refuse_twice(found)
    return found


def sample_sources(
    folder: str | os.PathLike[str],
    years: tuple[int | None, int | None],
    reporter: Reporter,
    *,
    everything: bool = False,
) -> dict[str, str | xr.Dataset]:
    """Make the synthetic sources that a build needs, unless they lie there already.

    Parameters
    ----------
    folder : path
        Created if need be.
    years : tuple of (int or None, int or None)
        As asked for by the build; the states run one year further than the emissions.
    reporter : Reporter
    everything : bool
        Also make transitions and management.

    Returns
    -------
    dict of str to str
        Path by name of the source, in the order of loading.

    Raises
    ------
    UsageError
        If the years lie outside the real files'.
    OutputError
        If a real file lies where a synthetic one would go.
    """
    # Only here: a build of real files has no use for the generator.
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
        asked = f"{first}:{last}"
        raise UsageError(f"--sample makes the years {FIRST_YEAR} to {end}, not {asked}")
    span = (min(first, LAST_YEAR), min(last, LAST_YEAR))
    # Only where the years of the sample reach a source's first year.
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
        expected = "it takes a local folder: name each file instead, with --states and --eluc"
        raise UsageError(f"--raw is {raw}; {expected}")
    return Path(raw)


def _existing(name: str, given: str | os.PathLike[str] | xr.Dataset) -> str | xr.Dataset:
    if not isinstance(given, str | os.PathLike):
        return _checked_dataset(name, given)
    path = os.fspath(given)
    if not isinstance(path, str):
        raise UsageError(f"{name} is {path!r}; expected a path as text")
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
        raise SourceMissingError(path, f"there is no such file ({link}named by --{name})")
    return path


def _is_there(path: Path) -> bool:
    """Return whether a file exists.

    Raises
    ------
    SourceError
        If that cannot be known: a folder that may not be entered, a name that is too long.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        raise SourceError(str(path), f"cannot be accessed ({one_line(error)})") from error
    return True


def _checked_dataset(name: str, given: object) -> xr.Dataset:
    """Return a data set that the caller opened.

    Raises
    ------
    UsageError
        If it is anything else.
    """
    import xarray as xr  # noqa: PLC0415  # slow to import, and a path needs none

    if isinstance(given, xr.Dataset):
        return given
    expected = "expected a path or an xarray.Dataset"
    if isinstance(given, xr.DataArray):
        expected += " (to_dataset makes one)"
    raise UsageError(f"{name} is of type {type(given).__name__}; {expected}")


def _nothing_to_read(missing: list[Path]) -> SourceMissingError:
    looked = " or ".join(path.name for path in missing)
    folder = str(missing[0].parent) if missing else "."
    return SourceMissingError(
        folder,
        f"found neither {looked.replace(' or ', ' nor ')} there, and no source was named. "
        "Download the LUH2 files from https://doi.org/10.5281/zenodo.15556812 and the BLUE file "
        f"into {folder} or name them with --states and --eluc, or try "
        "luc-load build --sample, which makes synthetic ones.",
    )


def _refuse_twice(found: Mapping[str, str | xr.Dataset]) -> None:
    seen: dict[object, str] = {}
    for name, given in found.items():
        if not isinstance(given, str):
            continue
        identity: object = given
        if not is_address(given):
            status = Path(given).stat()
            identity = (status.st_dev, status.st_ino)
        if identity in seen:
            raise SourceError(given, f"is given twice, as --{seen[identity]} and --{name}")
        seen[identity] = name
