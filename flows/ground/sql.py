"""Values and names as text of SQL, the same for DuckDB and for Postgres."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path


def literal(value: str | int | date | None) -> str:
    """A text, number, date or instant as SQL, of DuckDB and of Postgres.

    Parameters would do, but DuckDB imports pandas to bind one: a second more for each command.
    """
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"timestamptz '{value.isoformat()}'"
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """The name of a table, column or role as SQL."""
    return '"' + name.replace('"', '""') + '"'


def first_line(error: Exception) -> str:
    """What a database said, without the query and its hints."""
    return str(error).partition("\n")[0]


def parquet(file: Path) -> str:
    """DuckDB's relation of a Parquet file, whose folders say nothing of its rows."""
    return f"read_parquet({literal(str(file))}, hive_partitioning = false)"
