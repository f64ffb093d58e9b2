"""Whether the Parquet dataset of a database is at the address that the database names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader.errors import ExtraMissingError, OutputError, ServiceError, UsageError
from loader.remote.known import is_known
from loader.remote.publishing import StoredOutput
from loader.text import without_secrets

if TYPE_CHECKING:
    from typing import Literal

__all__ = ["StoredDataset", "stored_dataset"]


@dataclass(frozen=True)
class StoredDataset:
    """What a store holds of the dataset that belongs to a database.

    Attributes
    ----------
    state : {"same", "other", "unreachable"}
        Whether the dataset of the same build is published and all of its files are there.
    text : str
        The same in words, with what to do.
    folder : str
        The address of its tables.
    """

    state: Literal["same", "other", "unreachable"]
    text: str
    folder: str = ""


def stored_dataset(address: object, build_id: str, named: str | None = None) -> StoredDataset:
    """Look for the dataset of a database in a store; whatever is wrong is in the answer.

    Parameters
    ----------
    address : object
        What the database says. Only an address that this user named, now or when a build published
        there, is contacted.
    build_id : str
        Of the database.
    named : str, optional
        The address that the user named now, which is looked at instead.

    Returns
    -------
    StoredDataset
    """
    if named is None and not is_known(address):
        reason = "no build of yours published there; name it with --parquet to look there"
        return StoredDataset("unreachable", f"{address} was not looked at: {reason}")
    address = without_secrets(str(address) if named is None else named)
    mend = "run the build again to fix it"
    try:
        output = StoredOutput(address if named is None else named)
        if output.build_id is None:
            return StoredDataset("other", f"there is no dataset at {address}; {mend}")
        if output.build_id != build_id:
            ids = f"holds build {output.build_id}, but the database is build {build_id}"
            return StoredDataset("other", f"{address} {ids}; {mend}")
        if damaged := output.not_whole():
            more = f" and {len(damaged) - 1} more files" if damaged[1:] else ""
            reason = f"{damaged[0]}{more} missing or of another size"
            return StoredDataset("other", f"the dataset at {address} is damaged ({reason}); {mend}")
    except (OutputError, ServiceError, ExtraMissingError, UsageError) as error:
        return StoredDataset("unreachable", f"{address} was not looked at: {error}")
    folder = output.dataset(build_id)
    return StoredDataset("same", f"{folder}/ is of the same build", folder)
