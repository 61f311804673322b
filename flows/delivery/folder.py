"""A folder with a folder for each day: who was in the segments then, and the events and follow-ups of the day.

    <path>/2026-11-29/<account>/segments/<key>.csv
    <path>/2026-11-29/<account>/agent_events.csv, follow_ups.csv

Days are those of the account. A file appears whole; it has the columns of its published table, but for a segment as
CSV, which is for people. The last days are written anew with each publication, because events come late; an older day
stays as it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from contract import metrics
from flows.delivery.delivered import Delivered
from flows.delivery.message import FOLDER, Kind
from flows.delivery.outbox import Outbox
from flows.delivery.planned import PlannedFile
from flows.delivery.work import Work
from flows.ground.errors import AgentMetricsError
from flows.ground.home import sync_folder
from flows.ground.sql import identifier, literal
from flows.published.accounts import PublishedAccount, published_account
from flows.published.export_folder import not_written
from flows.published.formats import write
from flows.published.segment_csv import export_segment
from flows.published.segments import find_in_account, in_segment
from flows.settings.deliveries import FolderDelivery
from flows.warehouses.files import sync_file

DAYS = 7  # of events and follow-ups that are written anew


@dataclass(frozen=True)
class Part:
    """Rows of a published table, and the file of a day that they go into."""

    table: str
    condition: str
    day: date
    file: str
    segment: str | None = None


Parts = Callable[[PublishedAccount], Iterable[Part]]
What = Kind | Literal["segment"]


def segment(work: Work, to: FolderDelivery, key: str) -> Delivered:
    """Who is in the segment and is not held back, as of the publication; CSV as `segments export` writes it."""

    def parts(account: PublishedAccount) -> Iterator[Part]:
        find_in_account(work.reader, key, work.account)
        condition = f"{in_segment(key, work.account)} and suppressed_by is null"
        file = f"segments/{quote(key, safe='')}"
        yield Part("segment_members", condition, account.day_of(work.publication.as_of), file, key)

    return _delivered(work, to, "segment", parts, key)


def events(work: Work, to: FolderDelivery) -> Delivered:
    """The events of each of the last days."""
    return _delivered(work, to, "event", lambda account: _days(work, account, "agent_events", "occurred_at"))


def follow_ups(work: Work, to: FolderDelivery) -> Delivered:
    """The follow-ups that fell due on each of the last days, and are still wanted."""
    wanted = " and state in ('due', 'sent')"
    return _delivered(work, to, "follow_up", lambda account: _days(work, account, "follow_ups", "due_at", wanted))


def _days(work: Work, account: PublishedAccount, table: str, at: str, more: str = "") -> Iterator[Part]:
    of = f"account_id = {literal(account.account_id)} and {at} <= {literal(work.publication.as_of)}{more}"
    last = account.day_of(work.publication.as_of)
    for day in (last - timedelta(days=back) for back in range(DAYS)):
        yield Part(table, f"{of} and {account.on_dates(at, day, day)}", day, table)


def _delivered(work: Work, to: FolderDelivery, kind: What, parts: Parts, key: str = "") -> Delivered:
    done = Delivered(work.account, FOLDER, kind, key)
    try:
        _deliver(work, to, kind, parts, done)
    except AgentMetricsError as error:
        done.outcome, done.error, done.exit_status = "failed", str(error), error.exit_status
    if not work.request.dry_run:
        done.note(work.ledger)
    return done


def _deliver(work: Work, to: FolderDelivery, kind: What, parts: Parts, done: Delivered) -> None:
    outbox = Outbox(work.ledger, work.account, FOLDER, kind, done.key or None)
    wanted = list(parts(published_account(work.reader, work.account)))
    files = [_place(to, work.account, part) for part in wanted]
    if outbox.has_all_of(work.publication.publication_id) and all(file.exists() for file in files):
        return
    if work.request.dry_run:
        done.outcome, done.figures["files"] = "planned", len(files)
        done.sample = tuple(PlannedFile(str(file)) for file in files)
        return
    if outbox.since() is None:
        outbox.begin(work.publication.as_of)
    rows = sum(_written(work, part, file) for part, file in zip(wanted, files, strict=True))
    outbox.finish(work.publication.publication_id)
    done.outcome, done.figures = "delivered", {"files": len(files), "rows": rows}


def _place(to: FolderDelivery, account: str, part: Part) -> Path:
    name = quote(account, safe="")
    return to.path / part.day.isoformat() / (f"%{name}" if name.startswith(".") else name) / f"{part.file}.{to.format}"


def _written(work: Work, part: Part, file: Path) -> int:
    """How many rows the file has, which appears whole."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_written(file, error) from error
    if part.segment is not None and file.suffix == ".csv":
        return export_segment(work.reader, part.segment, file, work.account, with_held_back=False, force=True).rows
    table = metrics()[part.table]
    columns = [column for column in table.columns if work.reader.sees(f"metrics.{table.name}", column.name)]
    query = f"""select {", ".join(identifier(column.name) for column in columns)} from metrics.{identifier(table.name)}
        where {part.condition} order by {", ".join(identifier(key) for key in table.key)}"""
    about = {"table": table.name, "publication_id": work.publication.publication_id}
    unfinished = file.with_name(f".{file.stem}.tmp{file.suffix}")
    try:
        rows = write(work.reader.batches(query), columns, unfinished, about=about, advance=lambda _: None)
        sync_file(unfinished)
        os.replace(unfinished, file)
        sync_folder(file.parent)
    except OSError as error:
        raise not_written(file, error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return rows
