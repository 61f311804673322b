"""Charts of the page. Colours are Okabe and Ito's, which colour-blind people tell apart; a legend names each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import altair as alt
import pandas as pd

from flows.dashboard import shown
from flows.dashboard.periods import text_of
from flows.published.performance import Bar

STATUS_COLOURS = {"resolved": "#009E73", "routed": "#E69F00", "closed": "#D55E00", "open": "#8C8C8C"}
CHANNEL_COLOURS = {"web_chat": "#0072B2", "sms": "#E69F00", "email": "#009E73", "whatsapp": "#CC79A7"}
TAG_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#8C8C8C")
OTHERS = "other tags"
HEIGHT = 230
UNTIL_NOW = 0.45  # opacity of what is not over


def conversations(bars: tuple[Bar, ...], by: str, today: date, until: str) -> alt.Chart:
    """Conversations per day, week or month, stacked by group. A bar that holds `today` is pale: it ends at `until`."""
    colours = _colours(bars, by)
    groups = list(colours)
    rows = [
        {
            "number": number,
            "day": bar.first.isoformat(),
            "when": text_of(bar.first, bar.last) + (f" (until {until})" if bar.last >= today else ""),
            "group": _name(bar.group if bar.group in colours else OTHERS, by),
            "own name": _name(bar.group, by),
            "conversations": bar.conversations,
            "is over": bar.last < today,
            "place": groups.index(bar.group if bar.group in colours else OTHERS),
        }
        for number, bar in enumerate(bars)
    ]
    picked = alt.selection_point(name="picked", fields=["number"])
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(cursor="pointer")
        .encode(
            x=alt.X("day:O", title=None, axis=_days(bars)),
            y=alt.Y("conversations:Q", title=None, axis=alt.Axis(tickMinStep=1, grid=True, domain=False)),
            color=alt.Color(
                "group:N",
                title=None,
                scale=alt.Scale(domain=[_name(group, by) for group in groups], range=list(colours.values())),
                legend=alt.Legend(orient="top", symbolType="square"),
            ),
            order=alt.Order("place:Q", sort="descending"),
            opacity=alt.condition("datum['is over']", alt.value(1), alt.value(UNTIL_NOW)),
            stroke=alt.value("white"),
            strokeWidth=alt.value(0.5),
            tooltip=[
                alt.Tooltip("when:N", title="Date"),
                alt.Tooltip("own name:N", title=by.capitalize()),
                alt.Tooltip("conversations:Q", title="Conversations", format=","),
            ],
        )
        .add_params(picked)
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
    days = [Bar(date.fromisoformat(str(row["day"])), today, "", 0) for row in rows]
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar(color="#0072B2")
        .encode(
            x=alt.X("day:O", title=None, axis=_days(tuple(days))),
            y=alt.Y("count:Q", title=None, axis=alt.Axis(tickMinStep=1, grid=True, domain=False)),
            opacity=alt.condition("datum['is over']", alt.value(1), alt.value(UNTIL_NOW)),
            tooltip=[alt.Tooltip("when:N", title="Date"), alt.Tooltip("count:Q", title="Events", format=",")],
        )
        .properties(width="container", height=140)
    )
    return _plain(chart)


def _days(bars: tuple[Bar, ...]) -> alt.Axis:
    """Dates below the bars, so many that they can be read."""
    days = sorted({bar.first for bar in bars})
    step = max(1, -(-len(days) // 12))
    shown_days = [day.isoformat() for day in days[::step]]
    form = "%-d %b" if not days or days[0].year == days[-1].year else "%-d %b %y"
    return alt.Axis(
        values=shown_days,
        labelExpr=f"timeFormat(toDate(datum.value + 'T00:00:00'), '{form}')",
        labelAngle=0,
        labelOverlap=True,
        grid=False,
        ticks=False,
    )


def _colours(bars: tuple[Bar, ...], by: str) -> Mapping[str, str]:
    """Colour by group, in the order of the legend; of tags those used most."""
    if by == "status":
        return STATUS_COLOURS
    if by == "channel":
        there = {bar.group for bar in bars}
        return {name: colour for name, colour in CHANNEL_COLOURS.items() if name in there}
    totals: dict[str, int] = {}
    for bar in bars:
        totals[bar.group] = totals.get(bar.group, 0) + bar.conversations
    most = sorted(totals, key=lambda tag: (-totals[tag], tag))
    if len(most) > len(TAG_COLOURS):
        most = [*most[: len(TAG_COLOURS) - 1], OTHERS]
    return dict(zip(most, TAG_COLOURS, strict=False))


def _name(group: str, by: str) -> str:
    if by == "status":
        return shown.status(group)
    return shown.channel(group) if by == "channel" else group or "no tag"


def _plain(chart: alt.Chart) -> alt.Chart:
    plain: alt.Chart = (
        chart.configure_view(stroke=None)
        .configure_axis(labelFontSize=12, labelColor="#444", gridColor="#e8e8e8", labelFont="system-ui, sans-serif")
        .configure_legend(labelFontSize=13, labelFont="system-ui, sans-serif")
    )
    return plain
