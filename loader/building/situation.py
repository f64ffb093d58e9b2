"""The state of an output before a build, from which builds and dry runs derive what to do."""

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
    """What an earlier run left unpublished."""

    NOTHING = "nothing"
    OTHER = "of another build"
    PARTS = "parts of this build"
    FINISHED = "this build, finished but not published"


class Step(Enum):
    """What a build has to do."""

    NONE = "nothing: this build is already published"
    PUBLISH = "publish the finished build"
    RESUME = "build the missing parts"
    BEGIN = "build everything"


@dataclass(frozen=True)
class Situation:
    """The state of an output, as seen by one build.

    Attributes
    ----------
    database : pathlib.Path
        Path of the database, which need not exist yet.
    leftover : Leftover
    unfinished_id : str or None
        Id of this build if it is finished but not published.
    published_id : str or None
        Id of the published build.
    differences : tuple of str
        Descriptions of how this build differs from the published one.
    has_dataset : bool
        Whether the dataset of the published build exists.
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
            If another build is published and `overwrite` is not set.
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
    """Return the state of an output.

    Parameters
    ----------
    database : pathlib.Path
    identity : Identity
        Identity of the build that is about to run.
    digest_of : callable
        Returns the digest of a source by name; called only if the file status differs.
    stage : Stage
        May hold files of an earlier run.
    published : Published or None
    place : DatasetPlace
        Destination of the Parquet dataset.
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
    earlier = Identity.from_record(record)
    if earlier is None:
        return Leftover.OTHER, None
    # Parts do not depend on the destination, so they can be used as long as they are here.
    here = earlier.placed_as(identity) if stage.parquet.is_dir() else earlier
    if identity.differences(here, digest_of):
        return Leftover.OTHER, None
    # A finished database stores the address of its dataset: a new address means a new database.
    if stage.is_complete and earlier.is_placed_as(identity):
        return Leftover.FINISHED, earlier.build_id()
    return Leftover.PARTS, None


def refuse_other_options(options: Options, database: Path, published: Published) -> None:
    """Raise if the published build has other options or another version of luc-load.

    Raises
    ------
    OutputError
    """
    earlier = Identity.from_record(published.record)
    if earlier is not None and (differences := Identity.of(options, {}).other_options(earlier)):
        raise _refusal(database, differences)


def _refusal(database: Path, differences: Sequence[str]) -> OutputError:
    return OutputError(
        f"{database}: was built from other sources or options ({'; '.join(differences)}); add "
        "--overwrite to replace it, or choose another --out"
    )
