"""What is at an output before a build: one value, on which a build and a dry run both decide."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from loader.building.identity import Identity
from loader.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from loader.building.dataset_place import DatasetPlace
    from loader.options import Options
    from loader.storing.publish import Published
    from loader.storing.stage import Stage

__all__ = ["Leftover", "Situation", "Step", "inspect_situation", "refuse_other_options"]


class Leftover(Enum):
    """What an earlier run has left unpublished."""

    NOTHING = "nothing"
    OTHER = "of another build"
    PARTS = "parts of this build"
    FINISHED = "this build, of which only the publishing is left"


class Step(Enum):
    """What a build does."""

    NONE = "nothing: this very build is published"
    PUBLISH = "publish the finished build"
    RESUME = "make what is missing"
    BEGIN = "make everything"


@dataclass(frozen=True)
class Situation:
    """What is at an output, from the point of view of one build.

    Attributes
    ----------
    database : pathlib.Path
        Where the database is or will be.
    leftover : Leftover
    unfinished_id : str or None
        The id of the build that is left, if it is this one and finished.
    published_id : str or None
        The id of the published build.
    differences : tuple of str
        What this build does not have in common with the published one, in words.
    has_dataset : bool
        Whether the dataset of the published build is there.
    """

    database: Path
    leftover: Leftover
    unfinished_id: str | None
    published_id: str | None
    differences: tuple[str, ...]
    has_dataset: bool

    def step(self, *, overwrite: bool) -> Step:
        """Return what a build has to do.

        Raises
        ------
        OutputError
            If another build is published, which is replaced only on demand.
        """
        if self.differences and not overwrite:
            raise _refusal(self.database, self.differences)
        if self.leftover is Leftover.FINISHED:
            return Step.PUBLISH
        if self.published_id is not None and self.has_dataset and not self.differences:
            return Step.NONE
        return Step.RESUME if self.leftover is Leftover.PARTS else Step.BEGIN


def inspect_situation(
    database: Path,
    identity: Identity,
    digest_of: Callable[[str], str],
    stage: Stage,
    published: Published | None,
    place: DatasetPlace,
) -> Situation:
    """Return what is at an output.

    Parameters
    ----------
    database : pathlib.Path
    identity : Identity
        Of the build that is about to run.
    digest_of : callable
        Returns the digest of a source, by name; called only where the status cannot decide.
    stage : Stage
        Where an earlier run may have left something.
    published : Published or None
    place : DatasetPlace
        Of the Parquet dataset.
    """
    leftover, unfinished_id = _inspect_stage(identity, digest_of, stage)
    if published is None:
        return Situation(database, leftover, unfinished_id, None, (), has_dataset=False)
    earlier = Identity.from_record(published.record)
    differences = ["a record that this version cannot read"]
    if earlier is not None:
        differences = identity.differences(earlier, digest_of)
    return Situation(
        database,
        leftover,
        unfinished_id,
        published.build_id,
        tuple(differences),
        has_dataset=place.holds(published.build_id),
    )


def _inspect_stage(
    identity: Identity, digest_of: Callable[[str], str], stage: Stage
) -> tuple[Leftover, str | None]:
    record = stage.record()
    if record is None:
        return Leftover.NOTHING, None
    left = Identity.from_record(record)
    if left is None:
        return Leftover.OTHER, None
    # Parts are the same wherever the dataset goes, as long as they are still in the stage.
    here = left.placed_as(identity) if stage.parquet.is_dir() else left
    if identity.differences(here, digest_of):
        return Leftover.OTHER, None
    # A finished database knows its dataset's address: for another one it is made again.
    if stage.is_complete and left.is_placed_as(identity):
        return Leftover.FINISHED, left.build_id()
    return Leftover.PARTS, None


def refuse_other_options(options: Options, database: Path, published: Published) -> None:
    """Raise if the published build has other options or another version, whatever its sources.

    Raises
    ------
    OutputError
    """
    earlier = Identity.from_record(published.record)
    if earlier is not None and (differences := Identity.of(options, {}).other_options(earlier)):
        raise _refusal(database, differences)


def _refusal(database: Path, differences: Sequence[str]) -> OutputError:
    return OutputError(
        f"{database}: was built from other inputs or options ({'; '.join(differences)}); add "
        "--overwrite to replace it, or choose another --out"
    )
