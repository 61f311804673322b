"""Rows of a published table as files that others read: CSV and Parquet, the same from every warehouse."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from contract import Column
from contract.types import arrow

if TYPE_CHECKING:
    import pyarrow as pa

FORMATS = ("csv", "parquet")
ROWS_OF_A_GROUP, BYTES_OF_A_GROUP = 122_880, 64 << 20  # of Parquet: what is held until it is written
INSTANT = "%Y-%m-%dT%H:%M:%SZ"  # with microseconds
Append = Callable[["pa.RecordBatch"], None]


def write(
    batches: Iterable[pa.RecordBatch],
    columns: Sequence[Column],
    file: Path,
    *,
    about: dict[str, str],
    advance: Callable[[int], None],
) -> int:
    """Write rows that have these columns, in this order, into `file`, whose suffix is the format; how many there were.

    Parquet has the types of the contract: amounts decimal(18, 4), instants microseconds in UTC, and `about` in its
    metadata. CSV is UTF-8 with a header, quoted as RFC 4180 says; null is an empty field and an empty text is "".
    Memory is that of some batches. Raises OSError, and what the batches raise.
    """
    schema = _schema(columns).with_metadata(about)
    rows = 0
    with (_csv if file.suffix == ".csv" else _parquet)(file, schema) as append:
        for batch in batches:
            append(_as(schema, [array.cast(kind) for array, kind in zip(batch.columns, schema.types, strict=True)]))
            rows += batch.num_rows
            advance(batch.num_rows)
    return rows


@contextmanager
def _parquet(file: Path, schema: pa.Schema) -> Iterator[Append]:
    import pyarrow as pa  # noqa: PLC0415  a part of a second
    import pyarrow.parquet as pq  # noqa: PLC0415

    held: list[pa.RecordBatch] = []

    def flush() -> None:
        if held:
            writer.write_table(pa.Table.from_batches(held, schema))
            held.clear()

    def append(batch: pa.RecordBatch) -> None:
        held.append(batch)
        if sum(one.num_rows for one in held) >= ROWS_OF_A_GROUP or sum(one.nbytes for one in held) >= BYTES_OF_A_GROUP:
            flush()

    with pa.OSFile(str(file), "wb") as sink, pq.ParquetWriter(sink, schema) as writer:
        yield append
        flush()


@contextmanager
def _csv(file: Path, schema: pa.Schema) -> Iterator[Append]:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv  # noqa: PLC0415

    shown = pa.schema([(field.name, pa.string() if _is_told(field.type) else field.type) for field in schema])

    def append(batch: pa.RecordBatch) -> None:
        writer.write_batch(_as(shown, [_told(array) if _is_told(array.type) else array for array in batch.columns]))

    options = csv.WriteOptions(quoting_style="needed")  # which quotes every text that there is: "" is not null
    with pa.OSFile(str(file), "wb") as sink, csv.CSVWriter(sink, shown, write_options=options) as writer:
        yield append


def _schema(columns: Sequence[Column]) -> pa.Schema:
    import pyarrow as pa  # noqa: PLC0415

    return pa.schema([(column.name, arrow(column.type)) for column in columns])


def _as(schema: pa.Schema, arrays: list[pa.Array]) -> pa.RecordBatch:
    import pyarrow as pa  # noqa: PLC0415

    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _is_told(kind: pa.DataType) -> bool:
    """Whether CSV has the values as a text of ours."""
    import pyarrow as pa  # noqa: PLC0415

    return bool(pa.types.is_timestamp(kind) or pa.types.is_list(kind))


def _told(array: pa.Array) -> pa.Array:
    """Instants as ISO 8601 in UTC, lists as JSON."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.compute as pc  # noqa: PLC0415

    if pa.types.is_timestamp(array.type):
        return pc.strftime(array.cast(pa.timestamp("us")), format=INSTANT)
    texts = [None if one is None else json.dumps(one, ensure_ascii=False) for one in array.to_pylist()]
    return pa.array(texts, pa.string())
