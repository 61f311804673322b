"""Rows that travel as columns: from a database's values to rows of the landing contract, without a detour by rows.

Every value is a text of JSON, as the landing contract reads it (`flows.lake.landing`, kind json): a decimal keeps its
digits, an instant is ISO text. So a column needs no type, and a row's payload says the same in every pull.
"""

from __future__ import annotations

import json
import math
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa

from contract import landing
from flows.ground.sql import literal
from flows.lake.landing import Given, landed, landing_columns


class Json(str):
    """A text that is JSON already, so that no digit of it goes through a float."""

    __slots__ = ()


@dataclass(frozen=True)
class Shape:
    """How rows of a source become rows of a landing table.

    `names` are the source's own columns, `columns` says for landing columns which of them they come from, where the
    name is not the same. Rows without an account are of `account`. `cursor` is what they are read by.
    """

    table: str
    names: tuple[str, ...]
    account: str
    columns: Mapping[str, str] = field(default_factory=dict)
    cursor: str | None = None

    def origins(self) -> dict[str, str]:
        """Landing column -> column of the source, for those that are there."""
        known = [column.name for column in landing_columns(landing()[self.table])]
        origins = {name: self.columns.get(name, name) for name in known}
        return {name: origin for name, origin in origins.items() if origin in self.names}

    def ignored(self) -> list[str]:
        """Columns of the source that no landing column comes from."""
        return sorted(set(self.names) - {self.cursor, *self.origins().values()})


@dataclass(frozen=True)
class Columns:
    """Some rows: for each of the shape's names a column of JSON texts; null is null."""

    shape: Shape
    rows: pa.RecordBatch

    @classmethod
    def of(cls, shape: Shape, rows: Sequence[Sequence[Any]]) -> Columns:
        """`rows` as a database driver gives them."""
        arrays = [_array(values) for values in zip(*rows, strict=True)]
        return cls(shape, pa.RecordBatch.from_arrays(arrays, [f"c{number}" for number in range(len(arrays))]))


class ColumnFile:
    """Columns of one shape waiting on disk; memory does not grow with their number."""

    def __init__(self, shape: Shape, path: Path) -> None:
        from pyarrow.parquet import ParquetWriter  # noqa: PLC0415

        self.shape, self.path = shape, path
        schema = pa.schema([(f"c{number}", pa.string()) for number in range(len(shape.names))])
        self._writer = ParquetWriter(path, schema, compression="zstd", use_dictionary=False, write_statistics=False)

    def write(self, rows: pa.RecordBatch) -> None:
        self._writer.write_batch(rows)

    def close(self) -> None:
        self._writer.close()

    def landed(self) -> str:
        """A SELECT as `landing.landed` gives it; the payload is the row as a JSON object with all its columns."""
        table, numbers = landing()[self.shape.table], {name: n for n, name in enumerate(self.shape.names)}
        given = {name: Given(f"c{numbers[origin]}", "json") for name, origin in self.shape.origins().items()}
        for column in table.columns:  # many databases have no booleans
            if column.type == "boolean" and column.name in given:
                value = given[column.name].sql
                said = f"CASE {value} WHEN '0' THEN 'false' WHEN '1' THEN 'true' ELSE {value} END"
                given[column.name] = Given(said, "json")
        own = f"nullif({given['account_id'].sql}, '\"\"')" if "account_id" in given else "NULL"
        account = literal(json.dumps(self.shape.account, ensure_ascii=False))
        given["account_id"] = Given(f"coalesce({own}, {account})", "json")
        members = [
            f"{literal(f'{json.dumps(name, ensure_ascii=False)}: ')}, coalesce(c{number}, 'null')"
            for name, number in numbers.items()
        ]
        between = ", ', ', "
        payload = f"concat('{{', {between.join(members)}, '}}')"
        relation = (
            f"(SELECT row_number() OVER () AS _position, * "
            f"FROM read_parquet({literal(str(self.path))}, hive_partitioning=false))"
        )
        return landed(table, relation, given, payload=payload, keep=("_position",), keeps_payload=True)


def _array(values: Sequence[Any]) -> pa.Array:
    builder = pa.lib.StringBuilder()  # pa.array would import pandas
    encode = _ENCODERS.get
    builder.append_values([None if value is None else encode(type(value), _encoded)(value) for value in values])
    return builder.finish()


_text: Callable[[str], str] = json.JSONEncoder(ensure_ascii=False).encode


def _instant(value: datetime) -> str:
    """An instant without a time zone is one of UTC, as everywhere in the contract."""
    try:
        return f'"{(value.astimezone(UTC) if value.tzinfo else value).isoformat()}"'
    except OverflowError:  # of the year 1 or 9999
        return f'"{value.isoformat()}"'


def _decimal(value: Decimal) -> str:
    return str(value) if value.is_finite() else f'"{value}"'


def _float(value: float) -> str:
    return repr(value) if math.isfinite(value) else f'"{value}"'


def _bytes(value: bytes | bytearray | memoryview) -> str:
    """An object, which no landing column takes: bytes are refused, and can be seen in the payload."""
    return f'{{"base64": "{b64encode(value).decode("ascii")}"}}'


def _collection(value: object) -> str:
    """JSON of a list or an object whose elements are values of a database too."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_text(str(key))}: {_collection(element)}' for key, element in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_collection, value))}]"
    return "null" if value is None else _ENCODERS.get(type(value), _encoded)(value)


def _encoded(value: object) -> str:
    """A value of another class: what it is derived from, else its text."""
    if isinstance(value, Mapping | list | tuple):
        return _collection(value)
    kind = next((kind for kind in _ENCODERS if isinstance(value, kind)), None)
    return _ENCODERS[kind](value) if kind else _text(str(value))


_ENCODERS: dict[type, Callable[[Any], str]] = {
    Json: str,
    str: _text,
    bool: lambda value: "true" if value else "false",
    int: int.__repr__,
    float: _float,
    Decimal: _decimal,
    datetime: _instant,
    date: lambda value: f'"{value.isoformat()}"',
    UUID: lambda value: f'"{value}"',
    bytes: _bytes,
    bytearray: _bytes,
    memoryview: _bytes,
}
