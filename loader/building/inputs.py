"""Select the source files of a build: those named, or the files with the usual names."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from loader.errors import SourceError, SourceMissingError, UsageError, one_line
from loader.reading.inputfile import InputFile
from loader.remote.stores import is_address, store_of, translated
from loader.reporting import Progress
from loader.schema import RESERVED_PRODUCTS, SOURCES, STATIC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import xarray as xr

    from loader.options import Prefer
    from loader.reporting import Reporter

    One = str | os.PathLike[str] | xr.Dataset
    Named = One | Sequence[One] | Mapping[str, One | Sequence[One]]

__all__ = ["UsualPath", "find_sources", "input_files", "sample_sources"]

_PRODUCT = re.compile(r"(?P<product>[A-Za-z_][A-Za-z0-9_]*)=(?P<file>.+)", re.DOTALL)
_PRODUCT_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_MAGIC = re.compile(r"[*?\[]")


class UsualPath(str):
    """A file that was found by its usual name: left out if it does not match the other sources."""

    __slots__ = ()


def find_sources(
    named: Mapping[str, Named | None],
    raw: str | os.PathLike[str],
    warn: Callable[[str], None],
    *,
    everything: bool = False,
    prefer: Prefer | None = None,
) -> dict[str, tuple[InputFile, ...]]:
    """Return the files to load by source, in loading order, with the static grid last.

    Parameters
    ----------
    named : mapping of str to object
        By name of the source: a path, a pattern of paths, an xarray.Dataset, a sequence of these,
        or a mapping of further products to these; None if it was not named.
    raw : path
        The folder in which files with the usual names are looked for.
    warn : callable
        Receives a message if only one of the two default sources exists.
    everything : bool
        Also load transitions and management if their usual files are in `raw`. The static grid is
        always loaded if its file is there.
    prefer : {"first", "last"}, optional
        If set, the order of the files has a meaning and is kept.

    Returns
    -------
    dict of str to tuple of InputFile

    Raises
    ------
    SourceMissingError
        If a named source does not exist, or no source was named and no default exists.
    SourceError
        If two sources are the same file.
    UsageError
        If a source is of a wrong type, or a product has no valid name.
    """
    folder = _folder(raw)
    chosen = {
        name: input_files(name, value, prefer) for name, value in named.items() if value is not None
    }
    # A named source comes first. The defaults are used only if neither of them was named.
    sources: dict[str, tuple[InputFile, ...]] = {}
    defaults_wanted = all(named.get(name) is None for name, s in SOURCES.items() if s.default)
    missing = []
    for name, source in SOURCES.items():
        usual = folder / source.file
        if name in chosen:
            sources[name] = chosen[name]
        elif source.default and defaults_wanted:
            if _is_there(usual):
                sources[name] = (InputFile(name, str(usual)),)
            else:
                missing.append(usual)
        elif everything and not source.default and _is_there(usual):
            sources[name] = (InputFile(name, str(usual)),)
    if not sources:
        raise _nothing_to_read(missing)
    usual = folder / STATIC.file
    if STATIC.name in chosen:
        sources[STATIC.name] = chosen[STATIC.name]
    elif _is_there(usual):
        sources[STATIC.name] = (InputFile(STATIC.name, UsualPath(usual)),)
    for usual in missing:
        warn(f"{usual}: no such file; its tables stay empty")
    _refuse_twice(sources)
    return sources


def input_files(name: str, value: Named, prefer: Prefer | None = None) -> tuple[InputFile, ...]:
    """Return the files that a source was named with.

    Parameters
    ----------
    name : str
        Name of the source.
    value : object
        As in `find_sources`.
    prefer : {"first", "last"}, optional
        If set, files keep their order; otherwise it has no meaning, and they are sorted by path so
        that the same files in another order are the same build.

    Raises
    ------
    SourceMissingError, SourceError, UsageError
        As in `find_sources`.
    """
    # 1. Collect the files of each product; "" is the first one.
    by_product: dict[str, list[str | xr.Dataset]] = {}
    for product, one in _flat(name, value):
        by_product.setdefault(product, []).extend(_existing(name, one))
    if name == STATIC.name and sum(map(len, by_product.values())) != 1:
        raise UsageError(f"{name} is several files; expected one static grid")
    if by_product and "" not in by_product:
        product = next(iter(by_product))
        raise UsageError(
            f"--{name} {product}=FILE adds a column to the emissions of a first file; name that "
            f"one too: --{name} FILE"
        )
    # 2. Number the files of a product. Their order only matters with --prefer; otherwise sorted
    # paths give one identity however they were named.
    files = []
    for product in sorted(by_product):
        places = by_product[product]
        paths = [one for one in places if isinstance(one, str)]
        ordered = sorted(paths) if prefer is None and len(paths) == len(places) else places
        key = f"{name}/{product}" if product else name
        files += [
            InputFile(key if len(ordered) == 1 else f"{key}:{number}", where, product)
            for number, where in enumerate(ordered, 1)
        ]
    if not files:
        raise UsageError(f"{name} is an empty list; expected at least one file")
    return tuple(files)


def _flat(name: str, value: Named) -> Iterator[tuple[str, One]]:
    """Yield the column of the product, or "" for the first one, and one file after the other."""
    if isinstance(value, Mapping) and not _is_dataset(value):
        for product, files in value.items():
            for _, one in _flat(name, files):
                yield _checked_product(name, str(product)), one
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for one in value:
            yield from _flat(name, one)
    elif SOURCES.get(name, STATIC).has_products and (match := _named_product(value)) is not None:
        yield _checked_product(name, match["product"]), match["file"]
    else:
        yield "", cast("One", value)


def _named_product(value: object) -> re.Match[str] | None:
    """Return the parts of NAME=FILE; None if a file of that name exists, or it is another value."""
    if not isinstance(value, str) or is_address(value.partition("=")[0]):
        return None
    match = _PRODUCT.fullmatch(value)
    return None if match is None or Path(value).exists() else match


def _checked_product(name: str, product: str) -> str:
    """Return the column of a product; "" for the column of the source itself."""
    if not SOURCES.get(name, STATIC).has_products:
        raise UsageError(
            f"{name} is a mapping; only the emissions (eluc) may have several products"
        )
    column = product.lower()
    if column == name:
        return ""
    if not _PRODUCT_NAME.fullmatch(column) or column in RESERVED_PRODUCTS:
        raise UsageError(
            f"--{name} {product}=FILE: {product!r} is not a valid name of a product; use a short "
            "name of letters, digits and _, such as committed, that is not another column"
        )
    return column


def _is_dataset(value: object) -> bool:
    # xarray is slow to import, and paths do not need it: only a dataset has data_vars.
    return hasattr(value, "data_vars")


def sample_sources(
    folder: str | os.PathLike[str],
    years: tuple[int | None, int | None],
    reporter: Reporter,
    *,
    everything: bool = False,
) -> dict[str, tuple[InputFile, ...]]:
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
    dict of str to tuple of InputFile
        By name of the source, in loading order.

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
    return {name: (InputFile(name, str(Path(folder) / files[name])),) for name in wanted}


def _folder(raw: str | os.PathLike[str]) -> Path:
    if is_address(os.fspath(raw)):
        expected = "expected a local folder; name each file with --states and --eluc instead"
        raise UsageError(f"--raw is {raw}; {expected}")
    return Path(raw)


def _existing(name: str, value: One) -> list[str | xr.Dataset]:
    """Return the files that exist under a name, or a pattern of names; or a dataset."""
    if not isinstance(value, str | os.PathLike):
        return [_checked_dataset(name, value)]
    path = os.fspath(value)
    if not isinstance(path, str):
        raise UsageError(f"{name} is {path!r}; expected a path of type str, not bytes")
    if not path:
        raise UsageError(f"--{name} is empty; expected a path")
    # file:// names a local file; every other address is looked up in its store.
    if is_address(path):
        scheme, _, rest = path.partition("://")
        if scheme != "file":
            return list(_in_store(name, path))
        path = rest
    # The name itself comes first: a file may be called states[1].nc.
    file = Path(path)
    if _is_there(file):
        return [path]
    if _MAGIC.search(path):
        matches: list[str | xr.Dataset] = sorted(glob.glob(path, recursive=True))  # noqa: PTH207  # as named
        if matches:
            return matches
        raise SourceMissingError(path, f"matches no file (named by --{name})")
    link = f"a link to {file.readlink()}, " if file.is_symlink() else ""
    raise SourceMissingError(path, f"no such file ({link}named by --{name})")


def _in_store(name: str, address: str) -> list[str]:
    """Return the addresses that a pattern matches; an address without * is not contacted."""
    if "*" not in address:
        return [address]
    store = store_of(address)
    with translated(address):
        matches = sorted(store.fs.unstrip_protocol(path) for path in store.fs.glob(store.path))
    if not matches:
        raise SourceMissingError(address, f"matches no file (named by --{name})")
    return matches


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
        f"Download them with luc-load fetch -o {folder}, name files of yours with --states and "
        "--eluc, or try synthetic data with luc-load build --sample",
    )


def _refuse_twice(sources: Mapping[str, Sequence[InputFile]]) -> None:
    """Raise SourceError if a file is named twice, also through links."""
    seen: dict[object, str] = {}
    for name, file in ((name, file) for name, files in sources.items() for file in files):
        path = file.where
        if not isinstance(path, str):
            continue
        identity: object = path
        if not is_address(path):
            status = Path(path).stat()
            identity = (status.st_dev, status.st_ino)
        if identity in seen:
            both = f"both --{seen[identity]} and --{name}; expected two files"
            again = f"--{name} more than once; name it once"
            raise SourceError(path, f"is named by {again if seen[identity] == name else both}")
        seen[identity] = name
