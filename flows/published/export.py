"""Published tables as files in a folder, all of one publication.

What is there appears by renames: every file is written whole beside the others, then all take their places, and
`publication.json` says of which publication each is. An export that ends early leaves the files as they were.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import contract
from contract import Column, Table
from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.home import sync_folder, write_durably
from flows.ground.progress import Progress
from flows.ground.sql import identifier, literal
from flows.published.accounts import published_account
from flows.published.export_folder import MANIFEST, exported_before, held, refuse_strangers
from flows.published.formats import FORMATS, write
from flows.warehouses.files import sync_file
from flows.warehouses.publication import Publication, newest_publication
from flows.warehouses.reader import Reader


@dataclass(frozen=True)
class ExportedTable:
    """One table, its file and its rows; `left_out` are columns that are not there for this reader."""

    table: str
    file: str
    rows: int
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Exported:
    """What an export wrote into `folder`; `tables_left_out` are those of which nothing is there for it, and why."""

    folder: Path
    publication: Publication
    account: str | None
    tables: tuple[ExportedTable, ...]
    tables_left_out: dict[str, str]

    def to_json_dict(self) -> dict[str, Any]:
        return {
            "folder": str(self.folder),
            **_of(self.publication),
            "account": self.account,
            "files": {one.file: self._file(one) for one in self.tables},
            "tables_left_out": self.tables_left_out,
        }

    def manifest(self, before: dict[str, Any], *, is_complete: bool) -> str:
        """`publication.json`: what an export before this one left in the folder keeps its own publication."""
        files = {**before, **{one.file: self._file(one) for one in self.tables}}
        document = {**_of(self.publication), "is_complete": is_complete, "files": dict(sorted(files.items()))}
        return json.dumps(document, indent=2) + "\n"

    def _file(self, one: ExportedTable) -> dict[str, Any]:
        facts = {"table": one.table, "rows": one.rows, "left_out": list(one.left_out)}
        return {**facts, "account": self.account, "publication_id": self.publication.publication_id}


def export(
    reader: Reader,
    folder: Path,
    kind: str,
    progress: Progress,
    *,
    tables: Sequence[str] | None = None,
    account: str | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write published tables, or all, into `folder` as `<table>.<kind>`: rows by their grain, of one account or of all.

    A file of an earlier export is replaced; another one only with `overwrite`. Raises InputError for a kind, table or
    account that is not there and for a file that would be replaced, HomeBusy where another export writes into the
    folder, StorageFailed where it cannot be written, and what the reader raises.
    """
    if kind not in FORMATS:
        raise InputError(f"there is no format {kind!r}", where="--format", remedy=f"it can be {' or '.join(FORMATS)}")
    chosen, left_out = _chosen(reader, tables, account)
    publication = newest_publication(reader)
    if account is not None:
        published_account(reader, account)
    with held(folder) as half_made:
        before = exported_before(folder, overwrite=overwrite)
        refuse_strangers(folder, [f"{table.name}.{kind}" for table in chosen], before, overwrite=overwrite)
        written = []
        for table in chosen:
            progress.start(f"Exporting {table.name}", publication.row_counts.get(table.name) if not account else None)
            file = half_made / f"{table.name}.{kind}"
            about = {"table": table.name, "publication_id": publication.publication_id}
            written.append(_written(reader, table, file, account, about=about, advance=progress.advance))
            progress.finish()
        exported = Exported(folder, publication, account, tuple(written), left_out)
        _show(exported, half_made, before)
    return exported


def _chosen(reader: Reader, names: Sequence[str] | None, account: str | None) -> tuple[list[Table], dict[str, str]]:
    """The tables to write, and those that cannot be, with the reason. Raises InputError for one that was asked for."""
    known = contract.metrics()
    for asked in names or ():
        if asked not in known:
            raise InputError(f"there is no table {asked!r}", where="--table", remedy=f"there are {', '.join(known)}")
    chosen, left_out = [], {}
    for table in known.values():
        if names is not None and table.name not in names:
            continue
        if not _columns(reader, table):
            left_out[table.name] = "nothing of it is published, or this reader may not read it"
        elif account is not None and not any(column.name == "account_id" for column in table.columns):
            left_out[table.name] = "it tells of all accounts at once"
        else:
            chosen.append(table)
    if names and left_out:
        table_name, why = next(iter(left_out.items()))
        raise InputError(f"{table_name} cannot be exported: {why}", where="--table")
    return chosen, left_out


def _columns(reader: Reader, table: Table) -> list[Column]:
    return [column for column in table.columns if reader.sees(f"metrics.{table.name}", column.name)]


def _written(
    reader: Reader,
    table: Table,
    file: Path,
    account: str | None,
    *,
    about: dict[str, str],
    advance: Callable[[int], None],
) -> ExportedTable:
    columns = _columns(reader, table)
    seen = {column.name for column in columns}
    condition = f"where account_id = {literal(account)}" if account is not None else ""
    order = ", ".join(identifier(key) for key in table.key if key in seen)
    sql = f"""select {", ".join(identifier(column.name) for column in columns)} from metrics.{identifier(table.name)}
        {condition} order by {order or 1}"""
    rows = write(reader.batches(sql), columns, file, about=about, advance=advance)
    sync_file(file)
    left_out = tuple(column.name for column in table.columns if column.name not in seen)
    return ExportedTable(table.name, file.name, rows, left_out)


def _show(exported: Exported, half_made: Path, before: dict[str, Any]) -> None:
    """Rename all files to their places. Whoever is killed meanwhile leaves a manifest that says so."""
    folder = exported.folder
    write_durably(folder / MANIFEST, exported.manifest(before, is_complete=False))
    for one in exported.tables:
        os.replace(half_made / one.file, folder / one.file)
    sync_folder(folder)
    write_durably(folder / MANIFEST, exported.manifest(before, is_complete=True))


def _of(publication: Publication) -> dict[str, Any]:
    return {
        "publication_id": publication.publication_id,
        "as_of": utc_text(publication.as_of),
        "data_up_to": utc_text(publication.data_up_to),
        "contract_version": publication.contract_version,
    }
