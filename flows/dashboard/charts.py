"""Charts of the page. Colours are Okabe and Ito's, which colour-blind people tell apart; a legend names each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import altair as alt
import pandas as pd

from flows.dashboard import shown
from flows.dashboard.periods import text_of
from flows.dashboard.stack import UNTIL_NOW, Stack, written

HEIGHT, LOW = 230, 140
EVENTS = "#0072B2"
IS_OVER = "datum['is over']"


def conversations(stack: Stack, by: str, today: date, until: str) -> alt.Chart:
    """Conversations per day, week or month, stacked by group. A bar with `today`, pale and dashed, ends at `until`.

    Whoever clicks a piece selects its row, whose `number` is its place among the pieces.
    """
    rows = [
        {
            "number": number,
            "day": piece.bar.first.isoformat(),
            "when": text_of(piece.bar.first, piece.bar.last) + (f" (until {until})" if piece.bar.last >= today else ""),
            "group": stack.groups[piece.place][0],
            "own name": piece.name,
            "conversations": piece.bar.conversations,
            "low": piece.below,
            "high": piece.below + piece.bar.conversations,
            "is over": piece.bar.last < today,
        }
        for number, piece in enumerate(stack.pieces)
    ]
    colour = alt.Color(
        "group:N",
        title=None,
        scale=alt.Scale(domain=[name for name, _ in stack.groups], range=[colour for _, colour in stack.groups]),
        legend=alt.Legend(orient="top", symbolType="square", columnPadding=8),
    )
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(cursor="pointer")
        .encode(
            x=_days(stack.columns),
            y=alt.Y("low:Q", title=None, axis=alt.Axis(tickMinStep=1, grid=True, domain=False)),
            y2="high:Q",
            color=colour,
            **_until_now(colour),
            tooltip=[
                alt.Tooltip("when:N", title="Date"),
                alt.Tooltip("own name:N", title=by.capitalize()),
                alt.Tooltip("conversations:Q", title="Conversations", format=","),
            ],
        )
        .add_params(alt.selection_point(name="picked", fields=["number"]))
        .properties(width="container", height=HEIGHT)
    )
    return _plain(chart)


def per_day(counts: Iterable[tuple[date, int]], today: date, until: str) -> alt.Chart:
    """One count per day."""
    rows = [
        {
            "day": day.isoformat(),
            "when": shown.day(day) + (f" (until {until})" if day >= today else ""),
            "count": count,
            "is over": day < today,
        }
        for day, count in counts
    ]
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(color=EVENTS)
        .encode(
            x=_days(day for day, _ in counts),
            y=alt.Y("count:Q", title=None, axis=alt.Axis(tickMinStep=1, grid=True, domain=False)),
            **_until_now(alt.value(EVENTS)),
            tooltip=[alt.Tooltip("when:N", title="Date"), alt.Tooltip("count:Q", title="Events", format=",")],
        )
        .properties(width="container", height=LOW)
    )
    return _plain(chart)


def _days(days: Iterable[date]) -> alt.X:
    """A place for every date, also for those without a bar."""
    known = sorted(set(days))
    form = "%-d %b" if not known or known[0].year == known[-1].year else "%-d %b %y"
    axis = alt.Axis(
        values=[day.isoformat() for day in written(known)],
        labelExpr=f"timeFormat(toDate(datum.value + 'T00:00:00'), '{form}')",
        labelAngle=0,
        labelOverlap=True,
        grid=False,
        ticks=False,
    )
    return alt.X("day:O", title=None, axis=axis, scale=alt.Scale(domain=[day.isoformat() for day in known]))


def _until_now(colour: Any) -> dict[str, Any]:
    """How a bar is told from one that is over."""
    return {
        "fillOpacity": alt.condition(IS_OVER, alt.value(1), alt.value(UNTIL_NOW["opacity"])),
        "stroke": alt.condition(IS_OVER, alt.value("white"), colour),
        "strokeDash": alt.condition(IS_OVER, alt.value([1, 0]), alt.value(UNTIL_NOW["dash"])),
        "strokeWidth": alt.condition(IS_OVER, alt.value(0.5), alt.value(UNTIL_NOW["width"])),
    }


def _plain(chart: alt.Chart) -> alt.Chart:
    plain: alt.Chart = (
        chart.configure_view(stroke=None)
        .configure_axis(labelFontSize=12, labelColor="#444", gridColor="#e8e8e8", labelFont="system-ui, sans-serif")
        .configure_legend(labelFontSize=12, labelFont="system-ui, sans-serif")
    )
    return plain
