"""Whether the tables in Postgres still hold what was published: rows there beside the sealed file here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import chain
from typing import TYPE_CHECKING

import contract
from contract import Table
from contract.types import TYPES, Type
from flows.ground.address import Address
from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.ground.progress import Progress
from flows.ground.sql import identifier, literal
from flows.warehouses.duckdb import attach, memory
from flows.warehouses.files import kept_file, spill_folder
from flows.warehouses.postgres.connection import connected
from flows.warehouses.postgres.difference import HISTORY
from flows.warehouses.postgres.warehouse import Postgres
from flows.warehouses.publication import newest_publication

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

SAMPLED = 10_000  # rows of a table from which a sample is taken
SAMPLE = 200  # rows, those with other letters than ASCII first: they are what an encoding damages


def differing(home: Home, postgres: Postgres, progress: Progress, *, in_sample: bool = False) -> Mapping[str, int]:
    """Of each table, how many rows of the publication that stands there are not there as they were published, or are
    there and were not published.

    `in_sample` looks at some rows of each table, and not for rows that were not published. Every value is compared.
    Raises InputError where nothing is published there, or its file is not kept here; WarehouseFailed.
    """
    tables = [table for table in contract.metrics().values() if table.name != HISTORY]
    with ExitStack() as opened:
        reader = opened.enter_context(postgres.read())
        publication = newest_publication(reader)
        file = kept_file(home, publication.publication_id)
        if not file.exists():
            what = f"the file of publication {publication.publication_id}, which stands there, is not kept here"
            raise InputError(what, where=str(postgres), remedy="run again, so that there is a new publication")
        connection = opened.enter_context(memory())
        connection.execute(f"set memory_limit = {literal(postgres.memory_limit)}")
        connection.execute(f"set temp_directory = {literal(str(spill_folder(home)))}")
        attach(connection, file, "kept")
        found: dict[str, int] = {}
        progress.start("Comparing with what was published", len(tables))
        for table in tables:
            progress.advance(what=table.name)
            name = f"metrics.{identifier(table.name)}"
            types = {
                one.name: TYPES[one.type] for one in table.columns if reader.sees(f"metrics.{table.name}", one.name)
            }
            columns = ", ".join(map(identifier, types))
            here, there = f"select {columns} from kept.{name}", f"select {columns} from {name}"
            connection.execute(f"create or replace temp table here as {_sample(here, types) if in_sample else here}")
            if in_sample and (keys := _keys(connection, table, types)):
                there += f" where ({', '.join(map(identifier, table.key))}) in ({keys})"
            elif in_sample:
                continue
            _lay(connection, reader.batches(there), types)
            ((lacking,),) = connection.execute("select count(*) from (from here except all from there)").fetchall()
            ((strange,),) = connection.execute("select count(*) from (from there except all from here)").fetchall()
            if lacking or strange:
                found[table.name] = max(lacking, strange)
        progress.finish()
        return found


def _sample(rows: str, types: Mapping[str, Type]) -> str:
    """SQL for some of the rows."""
    texts = ", ".join(identifier(name) for name, one in types.items() if one.duckdb == "VARCHAR")
    return f"""select * from (from ({rows}) using sample {SAMPLED})
        order by regexp_matches(concat_ws('', {texts}), '[^\\x00-\\x7F]') desc limit {SAMPLE}"""


def _keys(connection: DuckDBPyConnection, table: Table, types: Mapping[str, Type]) -> str:
    """The keys of the rows `here`, as Postgres compares them."""
    rows = connection.execute(f"select {', '.join(map(identifier, table.key))} from here").fetchall()
    kinds = [types[name].postgres for name in table.key]
    values = (", ".join(f"{literal(str(one))}::{kind}" for one, kind in zip(row, kinds, strict=True)) for row in rows)
    return ", ".join(f"({one})" for one in values)


def distrust(address: Address) -> None:
    """Have the next publishing send everything anew. Raises WarehouseFailed."""
    with connected(address) as connection:
        connection.execute("update provenance.build set publication_id = ''")


def _lay(connection: DuckDBPyConnection, batches: Iterator[pa.RecordBatch], types: Mapping[str, Type]) -> None:
    """The rows that Postgres gives as the table `there`."""
    import pyarrow as pa  # noqa: PLC0415  a part of a second

    typed = ", ".join(f"cast({identifier(name)} as {one.duckdb}) as {identifier(name)}" for name, one in types.items())
    first = next(batches, None)
    if first is None:
        nothing = ", ".join(f"null::{one.duckdb} as {identifier(name)}" for name, one in types.items())
        connection.execute(f"create or replace temp table there as select {nothing} where false")
        return
    connection.register("of_postgres", pa.RecordBatchReader.from_batches(first.schema, chain([first], batches)))
    connection.execute(f"create or replace temp table there as select {typed} from of_postgres")
    connection.unregister("of_postgres")
