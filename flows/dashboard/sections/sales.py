"""The order lines behind the sales, and the touch and the conversation behind each."""

from __future__ import annotations

from typing import Any

from flows.dashboard import rows
from flows.dashboard.look import Look
from flows.published import evidence, performance

ASKS = frozenset({"at", "conversation"})


def values(look: Look) -> dict[str, Any]:
    asked = (look.reader, look.account, look.period.first, look.period.last, look.channels)
    totals = evidence.totals(*asked)
    figures = performance.key_figures(*asked)
    return {
        "lines": evidence.lines(*asked, offset=rows.offset(look, totals.lines), limit=rows.PAGE),
        "totals": totals,
        "is_measured": figures.is_measured("attributed_revenue"),
        "part": rows.part(look, totals.lines, rows.PAGE),
        **rows.opened(look),
    }
