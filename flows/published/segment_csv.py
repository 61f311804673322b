"""The members of a segment as a CSV file, with the columns that a marketer needs."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.ground.errors import InputError
from flows.ground.home import sync_folder
from flows.published.accounts import PublishedAccount, published_account
from flows.published.conversations_csv import harmless
from flows.published.export_folder import not_written
from flows.published.segment_details import members_query, withheld
from flows.published.segments import PublishedSegment, find_in_account, in_segment, of_publication
from flows.warehouses.files import half_made
from flows.warehouses.publication import Publication
from flows.warehouses.reader import Reader

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = (
    "profile_id", "email", "phone", "name", "entered_at",
    "email_reach", "sms_reach", "whatsapp_reach", "suppressed_by",
)  # fmt: skip
PHONE = re.compile(r"\+[0-9]{5,15}")  # a number to a spreadsheet, and no formula: other tools want it as it is


@dataclass(frozen=True)
class ExportedSegment:
    """What a file has of a segment; `held_back` are members left out because they wait for a person."""

    publication: Publication
    segment: PublishedSegment
    file: Path
    rows: int
    held_back: int
    withheld: tuple[str, ...]

    def to_json_dict(self) -> dict[str, Any]:
        return {
            **of_publication(self.publication),
            "account": self.segment.account,
            "segment": self.segment.segment,
            "file": str(self.file),
            "rows": self.rows,
            "held_back": self.held_back,
            "withheld": list(self.withheld),
        }


def export_segment(
    reader: Reader, key: str, file: Path, account: str | None = None, *, with_held_back: bool, force: bool
) -> ExportedSegment:
    """Write the members into `file`, which appears whole; those who wait for a person only `with_held_back`.

    It is UTF-8, quoted as RFC 4180 says, with instants in the account's timezone. A text that a spreadsheet would take
    for a formula begins with an apostrophe. Columns that this reader may not see are left out.
    Raises InputError as `find_in_account` does and, without `force`, for a file that is there; StorageFailed.
    """
    publication, found = find_in_account(reader, key, account)
    if file.is_dir() or (file.exists() and not force):
        what, remedy = ("is a folder", "name a file") if file.is_dir() else ("is there already", "give --force")
        raise InputError(what, where=str(file), remedy=remedy)
    unseen = withheld(reader)
    condition = in_segment(key, found.account, "members.")
    condition += "" if with_held_back else " and members.suppressed_by is null"
    columns = tuple(one for one in COLUMNS if one not in unseen)
    batches = reader.batches(members_query(reader, condition))
    rows = _written(batches, published_account(reader, found.account), columns, file)
    held_back = 0 if with_held_back else found.held_back or 0
    return ExportedSegment(publication, found, file, rows, held_back, unseen)


def _written(batches: Iterable[pa.RecordBatch], account: PublishedAccount, columns: tuple[str, ...], file: Path) -> int:
    """How many rows there were."""
    places = [("account_id", *COLUMNS).index(one) for one in columns]
    unfinished = half_made(file)
    rows = 0
    try:
        with open(unfinished, "w", newline="", encoding="utf-8", opener=_for_its_owner) as to:
            writer = csv.writer(to)
            writer.writerow(columns)
            for batch in batches:
                values = [batch.column(place).to_pylist() for place in places]
                writer.writerows([_cell(account, one) for one in row] for row in zip(*values, strict=True))
                rows += batch.num_rows
            to.flush()
            os.fsync(to.fileno())
        os.replace(unfinished, file)
        sync_folder(file.absolute().parent)
    except OSError as error:
        raise not_written(file, error) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return rows


def _for_its_owner(path: str, flags: int) -> int:
    """Addresses of people: nobody else on this machine may read them unless their owner allows it."""
    return os.open(path, flags, 0o600)


def _cell(account: PublishedAccount, value: Any) -> Any:
    if isinstance(value, str):
        return value if PHONE.fullmatch(value) else harmless(value)
    if isinstance(value, datetime):
        return account.local(value).isoformat()
    return value
