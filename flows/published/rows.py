"""Rows that do not count: those that were refused (rule 2.2), and those that wait for their parent (rule 2.3)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from flows.ground.clock import utc_text
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published.gaps import visible
from flows.warehouses.publication import newest_publication
from flows.warehouses.reader import Reader

REJECTED = """
select rejected_row_id, source, "table", {reason}, {payload}, rejected_at from metrics.rejected_rows where {condition}
order by rejected_at desc, rejected_row_id limit {limit}
"""
WAITING = """
select account_id, "table", row_id, parent_table, parent_id, source, waiting_since from metrics.held_back_rows
where {condition}
order by waiting_since desc, account_id, "table", row_id limit {limit}
"""


@dataclass(frozen=True)
class RejectedRow:
    """A row of `metrics.rejected_rows`; `reason` and `payload` (JSON) are None for a limited reader."""

    rejected_row_id: str
    source: str
    table: str
    reason: str | None
    payload: str | None
    rejected_at: datetime

    def to_json_dict(self) -> dict[str, Any]:
        return {**asdict(self), "rejected_at": utc_text(self.rejected_at)}


@dataclass(frozen=True)
class WaitingRow:
    """A row of `metrics.held_back_rows`: it counts as soon as the row `parent_id` of `parent_table` does."""

    account_id: str
    table: str
    row_id: str
    parent_table: str
    parent_id: str
    source: str
    waiting_since: datetime

    def to_json_dict(self) -> dict[str, Any]:
        return {**asdict(self), "waiting_since": utc_text(self.waiting_since)}


@dataclass(frozen=True)
class RowsThatDoNotCount:
    """The newest of them in a publication, and how many there are in all."""

    publication_id: str
    count: int
    rows: tuple[RejectedRow, ...] | tuple[WaitingRow, ...]

    def to_json_dict(self) -> dict[str, Any]:
        rows = [row.to_json_dict() for row in self.rows]
        return {"publication_id": self.publication_id, "count": self.count, "rows": rows}


def rejected_rows(reader: Reader, account: str | None, table: str | None, limit: int) -> RowsThatDoNotCount:
    """Refused rows, the newest first; those of an account are the ones whose payload names it.

    Raises InputError where nothing is published, and for an account whose payloads this reader may not see.
    """
    publication = newest_publication(reader).publication_id
    conditions = _of_table(table)
    if account is not None:
        if not reader.sees("metrics.rejected_rows", "payload"):
            remedy = "leave --account out, or read as a reader who may see texts"
            raise InputError("the account of a refused row stands in its payload, which is withheld", remedy=remedy)
        # No engine's JSON functions: a payload may hold what the other one's refuse, such as an escaped NUL.
        named = {json.dumps({"account_id": account}, ensure_ascii=is_ascii)[1:-1] for is_ascii in (False, True)}
        found = [f"strpos({_unspaced('payload')}, {_unspaced(literal(one))}) > 0" for one in sorted(named)]
        conditions.append(f"({' or '.join(found)})")
    condition = " and ".join(conditions)
    reason, payload = (visible(reader, "rejected_rows", column, column) for column in ("reason", "payload"))
    rows = reader.rows(REJECTED.format(reason=reason, payload=payload, condition=condition, limit=limit))
    count = _count(reader, "rejected_rows", condition)
    return RowsThatDoNotCount(publication, count, tuple(RejectedRow(*row) for row in rows))


def waiting_rows(reader: Reader, account: str | None, table: str | None, limit: int) -> RowsThatDoNotCount:
    """Rows that wait for their parent, the newest first.

    Raises InputError where nothing is published, or the publication comes from a version without this table.
    """
    publication = newest_publication(reader).publication_id
    if not reader.sees("metrics.held_back_rows", "row_id"):
        what = "the publication comes from a version that did not name rows that wait"
        raise InputError(what, remedy="`agent-metrics run` builds and publishes them")
    conditions = _of_table(table)
    if account is not None:
        conditions.append(f"account_id = {literal(account)}")
    condition = " and ".join(conditions)
    rows = reader.rows(WAITING.format(condition=condition, limit=limit))
    count = _count(reader, "held_back_rows", condition)
    return RowsThatDoNotCount(publication, count, tuple(WaitingRow(*row) for row in rows))


def _of_table(table: str | None) -> list[str]:
    return ["true"] if table is None else [f'"table" = {literal(table)}']


def _unspaced(text: str) -> str:
    return f"replace({text}, '\": ', '\":')"


def _count(reader: Reader, table: str, condition: str) -> int:
    ((count,),) = reader.rows(f"select count(*) from metrics.{table} where {condition}")
    return int(count)
