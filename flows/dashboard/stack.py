"""Bars that stand on each other: which colour a group has, where each piece stands, which dates are written below."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from flows.dashboard.language import Language
from flows.published.performance import Bar, all_spans
from flows.published.spans import MONDAY

STATUS_COLOURS = {
    "resolved": "#009E73",
    "routed": "#E69F00",
    "closed": "#D55E00",
    "unanswered": "#CC79A7",
    "running": "#56B4E9",
}
CHANNEL_COLOURS = {"web_chat": "#0072B2", "sms": "#E69F00", "email": "#009E73", "whatsapp": "#CC79A7"}
OTHER_CHANNELS = ("#56B4E9", "#D55E00", "#F0E442", "#8C8C8C")
TAG_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#8C8C8C")
OTHERS = "other tags"
MOST_DATES = 12  # written below


@dataclass(frozen=True)
class Piece:
    """A bar's group: `column` counts from the left, `below` is what it stands on; `place` is that of its colour."""

    bar: Bar
    column: int
    below: int
    place: int
    name: str


@dataclass(frozen=True)
class Stack:
    """Pieces from the bottom up; `groups` are names and colours, in the order of the legend; `columns` their dates."""

    pieces: tuple[Piece, ...]
    groups: tuple[tuple[str, str], ...]
    columns: tuple[date, ...]

    @property
    def ticks(self) -> list[int]:
        return ticks(self.highest)

    @property
    def written(self) -> list[date]:
        return written(self.columns)

    @property
    def highest(self) -> int:
        return max((piece.below + piece.bar.conversations for piece in self.pieces), default=0)


def stacked(bars: tuple[Bar, ...], by: str, first: date, last: date, say: Language, *, week: int = MONDAY) -> Stack:
    """The bars of the dates `first` to `last`, weeks from the weekday `week`; columns without any stand there, too."""
    colours = _colours(bars, by)
    places = {group: place for place, group in enumerate(colours)}
    columns = tuple(begin for begin, _ in all_spans(first, last, week))
    column = {day: number for number, day in enumerate(columns)}
    reached: dict[date, int] = {}
    pieces = []
    placed = [(places.get(bar.group, len(places) - 1), bar) for bar in bars]
    for place, bar in sorted(placed, key=lambda one: (one[1].first, -one[0], one[1].group)):
        below = reached.get(bar.first, 0)
        reached[bar.first] = below + bar.conversations
        pieces.append(Piece(bar, column[bar.first], below, place, name_of(bar.group, by, say)))
    return Stack(tuple(pieces), tuple((name_of(group, by, say), colour) for group, colour in colours.items()), columns)


def counted_by_day(counts: Iterable[tuple[date, int]], first: date, last: date, week: int = MONDAY) -> Stack:
    """Counts of dates, as bars of one group."""
    spans = dict(all_spans(first, last, week))
    columns = tuple(spans)
    summed = dict.fromkeys(columns, 0)
    for day, count in counts:
        summed[next(begin for begin in reversed(columns) if begin <= day)] += count
    pieces = (
        Piece(Bar(begin, spans[begin], "", count), at, 0, 0, "")
        for at, (begin, count) in enumerate(summed.items())
        if count
    )
    return Stack(tuple(pieces), (("", CHANNEL_COLOURS["web_chat"]),), columns)


def name_of(group: str, by: str, say: Language) -> str:
    if by == "status":
        return say(group.capitalize())
    if by == "channel":
        return say.channel(group)
    return say("other tags") if group == OTHERS else group or say("no tag")


def written(days: Iterable[date]) -> list[date]:
    """The dates that are written, so few that they can be read."""
    known = sorted(set(days))
    return known[:: max(1, -(-len(known) // MOST_DATES))]


def ticks(highest: int, count: int = 4) -> list[int]:
    """About so many round numbers from 0 to what is not below `highest`."""
    step = next(
        one for power in range(19) for one in (10**power, 2 * 10**power, 5 * 10**power) if one * count >= highest
    )
    return [step * number for number in range(max(1, -(-highest // step)) + 1)]


def _colours(bars: tuple[Bar, ...], by: str) -> Mapping[str, str]:
    """Colour by group, in the order of the legend; of tags those used most, and one for all others."""
    if by == "status":  # what is open without more is of a version that did not tell why
        is_open = any(bar.group == "open" for bar in bars)
        return STATUS_COLOURS | ({"open": "#8C8C8C"} if is_open else {})
    if by == "channel":
        there = {bar.group for bar in bars}
        known = {name: colour for name, colour in CHANNEL_COLOURS.items() if name in there}
        others = zip(sorted(there - known.keys()), itertools.cycle(OTHER_CHANNELS), strict=False)
        return known | dict(others)
    totals: dict[str, int] = {}
    for bar in bars:
        totals[bar.group] = totals.get(bar.group, 0) + bar.conversations
    most = sorted(totals, key=lambda tag: (-totals[tag], tag))
    if len(most) > len(TAG_COLOURS):
        most = [*most[: len(TAG_COLOURS) - 1], OTHERS]
    return dict(zip(most, TAG_COLOURS, strict=False))
