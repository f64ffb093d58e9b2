"""Make sample files from options as they come from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loader.errors import UsageError
from loader.reporting import Progress
from loader.sampling.editions import DEFAULT_EDITION
from loader.sampling.writing import sample_files, write_sample

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from loader.reporting import Reporter

__all__ = ["make_sample"]


def make_sample(
    directory: str | os.PathLike[str],
    years: str,
    resolution: float,
    seed: int,
    only: str | None,
    reporter: Reporter,
    edition: str = DEFAULT_EDITION,
) -> list[Path]:
    """Write synthetic source files.

    Parameters
    ----------
    directory : path
        Created if need be.
    years : str
        FIRST:LAST; an end left open takes the default.
    resolution : float
        Degrees.
    seed : int
    only : str or None
        Names of sources, separated by commas; None selects all.
    reporter : Reporter
    edition : str
        Name of the edition whose layout the files of land use have.

    Returns
    -------
    list of pathlib.Path
        The files, including those that existed already.

    Raises
    ------
    UsageError
        If an option is not valid.
    OutputError
        If a file cannot be written, or a real file has its name.
    """
    names = None if only is None else [name.strip() for name in only.split(",") if name.strip()]
    unknown = sorted(set(names or ()) - set(sample_files()))
    if unknown or names == []:
        known = ", ".join(sample_files())
        raise UsageError(
            f"--only names {', '.join(unknown) or 'nothing'}; expected some of {known}"
        )
    try:
        return write_sample(
            directory,
            years=years,
            resolution=resolution,
            seed=seed,
            only=names,
            edition=edition,
            progress=lambda name, done, total: reporter.progress(
                Progress(f"sample of {name}", None, 0, done / total)
            ),
        )
    finally:
        reporter.finished()
