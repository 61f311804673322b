"""The types of the contract: what each engine, and whoever reads, calls them. No other table of types exists.

What they hold and what is taken for them at the door is said at the head of `landing.yml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Type:
    """The names of a type.

    `duckdb` is the name that DuckDB's catalogue shows, `logical` the logical type of the Open Data Contract Standard,
    `osi` the data type of the Open Semantic Interchange, `noun` a noun with its article.
    """

    duckdb: str
    spark: str
    postgres: str
    logical: str
    osi: str
    noun: str


# Text in Postgres compares by its bytes, as rule 2.4 wants it of ids and as DuckDB does it everywhere.
# JSON is text, word for word: jsonb drops blanks and doubles, and refuses an escaped NUL, which a payload may hold.
TYPES = {
    "string": Type("VARCHAR", "string", 'text collate "C"', "string", "String", "text"),
    "json": Type("VARCHAR", "string", 'text collate "C"', "string", "String", "text of JSON"),
    "integer": Type("BIGINT", "bigint", "bigint", "integer", "Integer", "an integer of 64 bits"),
    "decimal": Type("DECIMAL(18,4)", "decimal(18,4)", "numeric(18, 4)", "number", "Decimal", "a decimal(18,4)"),
    "double": Type("DOUBLE", "double", "double precision", "number", "Float", "a double"),
    "boolean": Type("BOOLEAN", "boolean", "boolean", "boolean", "Boolean", "a boolean"),
    "timestamp": Type("TIMESTAMP WITH TIME ZONE", "timestamp", "timestamptz", "timestamp", "DateTimeTz", "a timestamp"),
    "date": Type("DATE", "date", "date", "date", "Date", "a date"),
    "list<string>": Type("VARCHAR[]", "array<string>", 'text[] collate "C"', "array", "Opaque", "a list of texts"),
}


def arrow(type_name: str) -> pa.DataType:
    """The type in Arrow and Parquet: instants are microseconds in UTC."""
    import pyarrow as pa  # noqa: PLC0415

    types: dict[str, pa.DataType] = {
        "string": pa.string(),
        "json": pa.string(),
        "integer": pa.int64(),
        "decimal": pa.decimal128(18, 4),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", "UTC"),
        "date": pa.date32(),
        "list<string>": pa.list_(pa.string()),
    }
    return types[type_name]
