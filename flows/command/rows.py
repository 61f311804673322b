"""The commands `agent-metrics rows …`: rows that were refused, and rows that wait for their parent."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from pydantic import Field, field_validator

import contract
from flows.command.console import Console
from flows.command.lines import line
from flows.command.options import command
from flows.ground.clock import utc_text
from flows.ground.text import clean
from flows.published.rows import RejectedRow, RowsThatDoNotCount, WaitingRow, rejected_rows, waiting_rows
from flows.settings.requests import OfAccount, WarehouseRequest
from flows.warehouses import configured

PAYLOAD = 300  # characters
app = typer.Typer(help="Published rows that do not count, and why.", add_completion=False)


class RowsRequest(OfAccount, WarehouseRequest):
    """Rows that do not count."""

    table: str | None = Field(default=None, description="Landing table of the rows, such as messages.")
    limit: int = Field(default=20, ge=1, description="Most rows to show, the newest first.")

    @field_validator("table")
    @classmethod
    def _known(cls, table: str | None) -> str | None:
        if table is not None and table not in contract.landing():
            raise ValueError(f"there is no landing table '{table}'; there are: {', '.join(contract.landing())}")
        return table


@command(app, RowsRequest)
def rejected(request: RowsRequest, console: Console) -> int:
    """Rows that were refused, with the reason, word for word."""
    with configured(request.settings())[0].read() as reader:
        found = rejected_rows(reader, request.account, request.table, request.limit)
    return _show(console, found, f"No row{_of(request)} was refused.")


@command(app, RowsRequest)
def waiting(request: RowsRequest, console: Console) -> int:
    """Rows that wait for their parent, and for which."""
    with configured(request.settings())[0].read() as reader:
        found = waiting_rows(reader, request.account, request.table, request.limit)
    return _show(console, found, f"No row{_of(request)} waits for its parent.")


def _of(request: RowsRequest) -> str:
    table = f" of {request.table}" if request.table else ""
    return clean(f"{table} of account {request.account}" if request.account else table)


def _show(console: Console, found: RowsThatDoNotCount, nothing: str) -> int:
    console.show({**found.to_json_dict(), "exit_status": 0}, _lines(found, nothing))
    return 0


def _lines(found: RowsThatDoNotCount, nothing: str) -> Iterator[str]:
    for row in found.rows:
        yield from _refused(row) if isinstance(row, RejectedRow) else _held_back(row)
    if not found.rows:
        yield nothing
    elif len(found.rows) < found.count:
        yield line("Shown", f"{len(found.rows):,} of {found.count:,}; --limit shows more")


def _refused(row: RejectedRow) -> Iterator[str]:
    reason = "" if row.reason is None else f": {row.reason}"
    yield clean(f"{utc_text(row.rejected_at)}  {row.table} from {row.source}{reason}")
    if row.payload is not None:
        cut = "" if len(row.payload) <= PAYLOAD else " … (--json shows all of it)"
        yield f"    {clean(row.payload[:PAYLOAD])}{cut}"


def _held_back(row: WaitingRow) -> Iterator[str]:
    what = f"{row.table} {row.row_id} of {row.account_id}, from {row.source}"
    yield clean(f"{utc_text(row.waiting_since)}  {what}, waits for {row.parent_table} {row.parent_id}")
