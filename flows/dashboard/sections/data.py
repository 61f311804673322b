"""How far the figures can be trusted: what is measured, complete, refused and waiting, and what was published."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

from expectations.verdict import Outcome
from flows.dashboard.look import Look
from flows.ground.errors import AgentMetricsError
from flows.published.measured import missing_rows, not_measured, wanted
from flows.published.rows import RowsThatDoNotCount, rejected_rows, waiting_rows
from flows.warehouses.publication import Publication

ASKS: frozenset[str] = frozenset()
MOST_ROWS, MOST_PUBLICATIONS = 20, 20


def values(look: Look) -> dict[str, Any]:
    of = look.account.account_id
    history = (None, *look.published.publications)[-MOST_PUBLICATIONS - 1 :]
    publications = [(one, _changes(one, before)) for before, one in pairwise(history) if one is not None]
    return {
        **_checked(look),
        "untold": [
            look.say("%(figure)s: %(why)s", figure=look.say(name), why=look.say(what))
            for name, what in wanted(not_measured(look.reader, of))
        ],
        "missing": missing_rows(look.reader, of),
        "refused": _rows(look, "rejected"),
        "waiting": _rows(look, "waiting"),
        "publications": publications[::-1],
    }


def _checked(look: Look) -> dict[str, Any]:
    """What the gate said last. It looks at all accounts together, so this is for who may see all of them."""
    nothing: dict[str, Any] = {"checked": None}
    try:
        checked = look.installation.checked() if look.access.accounts is None else None
        at = look.account.local(datetime.fromisoformat(checked.checked_at)) if checked else None
    except (OSError, ValueError):  # a file of somebody else's, or damaged
        return nothing
    if checked is None:
        return nothing
    by_table: dict[str, list[Outcome]] = {}
    for one in checked.verdict.outcomes:
        by_table.setdefault(one.table, []).append(one)
    return {
        "checked": checked,
        "checked_at": at,
        "by_table": by_table,
        "contradicted": [one for one in checked.verdict.outcomes if one.outcome != "passed"],
        "sees_rows": look.access.texts,  # which may hold some
    }


def _rows(look: Look, which: str) -> RowsThatDoNotCount | None:
    """None where the version that published knew no such rows."""
    try:
        found = rejected_rows if which == "rejected" else waiting_rows
        return found(look.reader, look.account.account_id, None, MOST_ROWS)
    except AgentMetricsError:
        return None


def _changes(one: Publication, before: Publication | None) -> list[tuple[str, int]]:
    """Tables whose number of rows is another than in the publication before, and by how many."""
    if before is None:
        return []
    tables = sorted((one.row_counts.keys() | before.row_counts.keys()) - {"publications"})
    changes = ((table, one.row_counts.get(table, 0) - before.row_counts.get(table, 0)) for table in tables)
    return [(table, more) for table, more in changes if more]
