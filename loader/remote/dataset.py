"""Check that the Parquet dataset of a database is at the address that the database names."""

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
    """The state of the dataset of a database in a store.

    Attributes
    ----------
    state : {"same", "other", "unreachable"}
        Whether the dataset of the same build is published and all of its files are there.
    text : str
        The same in words, with the fix.
    folder : str
        The address of its tables.
    """

    state: Literal["same", "other", "unreachable"]
    text: str
    folder: str = ""


def stored_dataset(address: object, build_id: str, named: str | None = None) -> StoredDataset:
    """Look for the dataset of a database in a store; problems are reported in the result.

    Parameters
    ----------
    address : object
        Address in the database. It is contacted only if this user named it, now or when a build
        published there.
    build_id : str
        Id of the database.
    named : str, optional
        An address named by the user, which is contacted instead.

    Returns
    -------
    StoredDataset
    """
    # The address comes from the database, which may be a stranger's: contact it only if the user
    # named it or published there.
    if named is None and not is_known(address):
        reason = "no build of yours published there; name it with --parquet to look there"
        return StoredDataset("unreachable", f"{address} was not checked: {reason}")
    address = without_secrets(str(address) if named is None else named)
    fix = "run the build again to fix it"
    try:
        output = StoredOutput(address if named is None else named)
        if output.build_id is None:
            return StoredDataset("other", f"there is no dataset at {address}; {fix}")
        if output.build_id != build_id:
            ids = f"holds build {output.build_id}, but the database is build {build_id}"
            return StoredDataset("other", f"{address} {ids}; {fix}")
        if damaged := output.not_whole():
            more = f" and {len(damaged) - 1} more files" if damaged[1:] else ""
            reason = f"{damaged[0]}{more} missing or of another size"
            return StoredDataset("other", f"the dataset at {address} is damaged ({reason}); {fix}")
    except (OutputError, ServiceError, ExtraMissingError, UsageError) as error:
        return StoredDataset("unreachable", f"{address} was not checked: {error}")
    folder = output.dataset(build_id)
    return StoredDataset("same", f"{folder}/ is of the same build", folder)
