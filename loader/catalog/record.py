"""Store the schema of a build as JSON, from which `luc-load check` renders its objects again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from loader.catalog.objects import SchemaContext

__all__ = ["schema_from_record", "schema_record"]


def schema_record(context: SchemaContext) -> dict[str, Any]:
    """Return all fields of a context, ready for JSON."""
    return asdict(context)


def schema_from_record(record: Mapping[str, Any]) -> SchemaContext:
    """Return the context that `schema_record` wrote.

    Parameters
    ----------
    record : mapping
        The record as parsed from JSON.

    Returns
    -------
    SchemaContext

    Raises
    ------
    ValueError
        If it is not such a record.
    """
    try:
        context = _restored(SchemaContext, record)
    except (AttributeError, LookupError, TypeError) as error:
        raise ValueError(f"not the record of a schema: {error!r}") from error
    assert isinstance(context, SchemaContext)
    return context


def _restored(kind: Any, plain: Any) -> Any:  # noqa: ANN401  # whatever the fields are
    """Turn lists back into tuples and mappings into dataclasses, by the types of the fields."""
    if is_dataclass(kind) and isinstance(kind, type):
        types = get_type_hints(kind)
        return kind(
            **{one.name: _restored(types[one.name], plain[one.name]) for one in fields(kind)}
        )
    if get_origin(kind) is tuple:
        return tuple(_restored(get_args(kind)[0], each) for each in plain)
    if get_origin(kind) is Mapping:
        return {key: _restored(get_args(kind)[1], each) for key, each in plain.items()}
    if not isinstance(plain, kind):
        raise TypeError(f"{plain!r} is not {kind.__name__}")
    return plain
