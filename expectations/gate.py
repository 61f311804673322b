"""Runs the checks over a candidate: the rows that contradict them, a sample to look at, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol

from expectations import (
    audiences,
    conversations,
    daily,
    deliveries,
    events,
    follow_ups,
    handoffs,
    messages,
    plausible,
    questions,
    reconciliation,
    recontacts,
    sales,
    shape,
    taken,
    tickets,
)
from expectations.engines import DUCKDB, SPARK
from expectations.names import Names, names
from expectations.on_duckdb import open_files
from expectations.verdict import (
    Asked,
    Candidate,
    Check,
    Found,
    OnSpark,
    Outcome,
    Progress,
    Scope,
    Thresholds,
    Verdict,
)

__all__ = ["Candidate", "OnSpark", "Outcome", "Scope", "Thresholds", "Verdict", "check"]

SAMPLE = 20


class Opened(Protocol):
    """A candidate that is open to be looked at."""

    def at_hand(self, filled: Names, scope: Scope) -> Names:
        """The names with what is looked at often brought near."""
        ...

    def find(self, asked: Sequence[Asked], at_hand: Names, scope: Scope) -> Iterator[Found]:
        """What each check finds, in their order."""
        ...

    def rows(self, sql: str) -> list[dict[str, Any]]: ...

    def to_look(self, sql: str) -> str:
        """The SQL as it stands for itself."""
        ...


def check(
    candidate: Candidate | OnSpark,
    thresholds: Thresholds,
    *,
    scope: Scope,
    as_of: datetime,
    published_as_of: datetime | None,
    published_load: int,
    progress: Progress,
    memory_limit: str = "2GB",
) -> Verdict:
    """Check the candidate; the verdict is open when no critical check failed and every check could run (9.1).

    Scope `changed` looks only at what the build says it has changed, where looking at everything costs much.
    `as_of` and `published_as_of` are instants with a zone; loads after `published_load` are judged for rejected rows.
    `memory_limit` is for DuckDB. Raises duckdb.Error where the candidate's files cannot be opened.
    """
    since = deliveries.SINCE_PUBLISHED if candidate.published_file else []
    checks = sorted([*CHECKS, *since], key=lambda one: list(shape.TABLES).index(one.table))
    engine = SPARK if isinstance(candidate, OnSpark) else DUCKDB
    earlier = min(as_of, published_as_of or as_of)
    filled = names(engine, scope, thresholds, as_of=as_of, earlier_as_of=earlier, published_load=published_load)
    outcomes = []
    with _open(candidate, earlier, memory_limit) as opened:
        at_hand = opened.at_hand(filled, scope)
        asked = [Asked(one, at_hand.fill(one.sql)) for one in checks]
        progress.start("checking the candidate", len(checks))
        for one, found in zip(asked, opened.find(asked, at_hand, scope), strict=True):
            outcomes.append(_outcome(one, found, filled, opened))
            progress.advance(1, one.check.name)
        progress.finish()
    passed = sum(outcome.outcome == "passed" for outcome in outcomes)
    is_open = not any(outcome.closes_the_gate for outcome in outcomes)
    return Verdict(is_open, passed, len(outcomes), scope, tuple(outcomes))


@contextmanager
def _open(candidate: Candidate | OnSpark, earlier: datetime, memory_limit: str) -> Iterator[Opened]:
    if isinstance(candidate, OnSpark):
        from expectations.on_spark import open_session  # noqa: PLC0415  and its Arrow: only for Spark

        with open_session(candidate, DUCKDB.instant.format(instant=earlier.isoformat())) as session:
            yield session
    else:
        with open_files(candidate, memory_limit) as files:
            yield files


CHECKS: list[Check] = [
    *shape.CHECKS,
    *conversations.CHECKS,
    *messages.CHECKS,
    *events.CHECKS,
    *sales.CHECKS,
    *daily.CHECKS,
    *reconciliation.CHECKS,
    *recontacts.CHECKS,
    *questions.CHECKS,
    *audiences.CHECKS,
    *follow_ups.CHECKS,
    *deliveries.CHECKS,
    *plausible.CHECKS,
    *taken.CHECKS,
    *tickets.CHECKS,
    *handoffs.CHECKS,
]


def _outcome(one: Asked, found: Found, filled: Names, opened: Opened) -> Outcome:
    shown = opened.rows(f"select * from ({one.sql}) as contradicting limit {SAMPLE}") if found.rows else []
    return Outcome(
        name=one.check.name,
        table=one.check.table,
        rule=one.check.rule,
        severity=one.check.severity,
        outcome="error" if found.error else "failed" if found.rows else "passed",
        rows=found.rows,
        sample=[{name: _plain(value) for name, value in row.items()} for row in shown],
        sql=opened.to_look(filled.fill(one.check.sql)),
        error=found.error,
    )


def _plain(value: object) -> object:
    """The value as JSON can hold it; instants, dates and decimals as text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    return [_plain(element) for element in value] if isinstance(value, list) else str(value)
