"""The Parquet data set of a database that lies at an address: whether it is there, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader.errors import ExtraMissingError, OutputError, ServiceError, UsageError
from loader.remote.publishing import StoredOutput

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["StoredDataset", "stored_dataset"]


@dataclass(frozen=True)
class StoredDataset:
    """What a store says of the data set that belongs to a database.

    Attributes
    ----------
    state : {"same", "other", "unreachable"}
        Whether the data set of the same build is published and all of its files are there.
    text : str
        The same for people, with what to do.
    folder : str
        The address of its tables.
    """

    state: Literal["same", "other", "unreachable"]
    text: str
    folder: str = ""


def stored_dataset(address: str, build_id: str) -> StoredDataset:
    """Ask a store for the data set of a database; whatever is wrong is in the answer.

    Parameters
    ----------
    address : str
        As `--parquet` named it.
    build_id : str
        Of the database.

    Returns
    -------
    StoredDataset
    """
    mend = "run the build again to mend it"
    try:
        output = StoredOutput(address)
        if output.build_id is None:
            return StoredDataset("other", f"there is no data set at {address}; {mend}")
        if output.build_id != build_id:
            found = f"{address} is of build {output.build_id}, the database of build {build_id}"
            return StoredDataset("other", f"{found}; {mend}")
        if damaged := output.not_whole():
            found = f"{damaged[0]}, and {len(damaged) - 1} more," if damaged[1:] else damaged[0]
            told = f"at {address} lacks {found} or has it in another size"
            return StoredDataset("other", f"the data set {told}; {mend}")
    except (OutputError, ServiceError, ExtraMissingError, UsageError) as error:
        return StoredDataset("unreachable", f"{address} was not looked at: {error}")
    folder = output.dataset(build_id)
    return StoredDataset("same", f"{folder}/ is of the same build", folder)
