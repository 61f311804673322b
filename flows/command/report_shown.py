"""What people read of a report. Names, tags and labels are of strangers: no markup, no pictures, no control signs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from flows.command.fitted import Column, Fitted
from flows.ground.clock import utc_second, utc_text
from flows.ground.text import clean, counted
from flows.published.breakdown import Breakdown, Group
from flows.published.figures import OPEN_REASONS, RATES, STATUSES, Conversations, Figures, Rate, untold
from flows.published.handoffs import OUTCOMES, HandoffGroup, Handoffs
from flows.published.intervals import wilson
from flows.published.measured import sentences
from flows.published.report import Report, SkillUsage

NONE = "–"
NOT_MEASURED = "not measured"
LONGEST = 40  # characters of a name
OF_ONE_STATUS = (*STATUSES, *OPEN_REASONS, "withdrawn", *(rate.words for rate in RATES))
BRACKETS = "In brackets: the 95 % interval of a rate (Wilson). The fewer the conversations, the wider it is."
# The rates of a table of accounts, and what they are called there.
OF_ACCOUNTS = {"resolution_rate": "resolved", "durable_resolution_rate": "durably", "routed_rate": "routed"}
# A narrow terminal always shows these columns.
KEPT = ("conversations", "resolution rate")
# It does without the intervals, then without columns that are named nowhere here, then without these, in this order.
LEAST_WANTED = (
    "net sales", "carts", "average order", "link clicks", "open", "closed", "orders",
    "routed rate", "routed", "withdrawn", "resolved", "durable resolution rate", "ended unresolved rate",
    "unanswered rate", "AI sales", "ended resolution rate",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One line of a table of figures; sales and clicks are None where a table does not show them."""

    title: str
    conversations: Conversations
    sales: Figures | None = None


@dataclass(frozen=True)
class FiguresTable:
    """A table of figures that leaves out what the terminal has no room for."""

    heading: str
    rows: Sequence[Row]
    currency: str
    not_measured: frozenset[str] = frozenset()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        whole = self._fitted(with_intervals=True)
        has_room = whole.least <= options.max_width
        yield whole if has_room else self._fitted(with_intervals=False)
        if has_room and self.heading != "status":
            yield Text(f"\n{BRACKETS}")

    def _fitted(self, *, with_intervals: bool) -> Fitted:
        """Intervals go first, then what is named nowhere above, then the least wanted."""
        cells = {name: [cell(row) for row in self.rows] for name, cell in self._columns(with_intervals).items()}
        order = [*(name for name in cells if name not in (*KEPT, *LEAST_WANTED)), *LEAST_WANTED]
        spare = {name: len(order) - place for place, name in enumerate(order)}
        figures = [Column(name, column, spare.get(name, 0), is_right=True) for name, column in cells.items()]
        return Fitted([Column(self.heading, [cut(row.title) for row in self.rows]), *figures])

    def _columns(self, with_intervals: bool) -> dict[str, Callable[[Row], str]]:
        """Name -> what stands in a row. A status has no figures by status."""

        def count(name: str) -> Callable[[Row], str]:
            return measured(name, lambda row: f"{getattr(row.conversations, name):,}")

        def percent(rate: Rate) -> Callable[[Row], str]:
            return measured(
                rate.name,
                lambda row: share(
                    rate.count(row.conversations), rate.whole_of(row.conversations), with_intervals=with_intervals
                ),
            )

        def measured(name: str, cell: Callable[[Row], str]) -> Callable[[Row], str]:
            return (lambda _: NOT_MEASURED) if untold(name, self.not_measured) else cell

        def sale(name: str) -> Callable[[Row], str]:
            return lambda row: told(row.sales, name, self.currency) if row.sales else ""

        columns = {
            "conversations": count("volume"),
            **{status: count(status) for status in (*STATUSES, *OPEN_REASONS)},
            "withdrawn": count("recontacted"),
            **{rate.words: percent(rate) for rate in RATES},
        }
        if any(row.sales for row in self.rows):
            columns |= {
                "AI sales": sale("attributed_revenue"),
                "net sales": sale("net_attributed_revenue"),
                "orders": sale("attributed_orders"),
                "average order": sale("average_order_value"),
                "link clicks": sale("link_clicks"),
                "carts": sale("add_to_cart_items"),
            }
        return {name: cell for name, cell in columns.items() if self.heading != "status" or name not in OF_ONE_STATUS}


def report_lines(report: Report, broken_down: Breakdown | None = None) -> Iterator[RenderableType]:
    """The figures of chapter 6 for one account and range, in groups where they are asked for."""
    yield _heading(report)
    yield ""
    if broken_down is None:
        by_channel = [Row(channel, figures) for channel, figures in report.by_channel.items()]
        yield FiguresTable(
            "channel", [*by_channel, Row("all", report.conversations)], report.currency, report.not_measured
        )
        yield ""
        yield from _sales(report)
        yield ""
        yield from _handoffs(report.handoffs)
        if report.skills:
            yield ""
            yield _skills(report.skills)
    elif broken_down.by == "skill":
        yield _skills(broken_down.skills) if broken_down.skills else "There are no skills."
    else:
        groups = [Row(title(broken_down.by, one), one.conversations, one) for one in broken_down.groups]
        rows = [*groups, Row("all", report.conversations, report)]
        yield FiguresTable(broken_down.by, rows, report.currency, report.not_measured)
    yield from _what_is_missing(report)


def _heading(report: Report) -> str:
    name = f" ({clean(report.account_name)})" if report.account_name else ""
    dates = f"{report.first} to {report.last} ({clean(report.timezone)})"
    return f"{clean(report.account)}{name}, {dates}, as of {utc_text(report.as_of)}"


def _sales(report: Report) -> Iterator[str]:
    if report.is_measured("attributed_revenue"):
        orders = counted(report.attributed_orders, "order")
        yield f"AI sales   {in_currency(report.currency, report.attributed_revenue)} in {orders}"
        yield f"Net        {in_currency(report.currency, report.net_attributed_revenue)}"
        average = report.average_order_value
        yield f"Average    {'no orders' if average is None else f'{in_currency(report.currency, average)} per order'}"
    else:
        yield f"AI sales   {NOT_MEASURED}"
    clicks, items = (told(report, name, report.currency) for name in ("link_clicks", "add_to_cart_items"))
    if report.inferred_orders:
        orders = counted(report.inferred_orders, "order")
        yield f"Inferred   {in_currency(report.currency, report.inferred_revenue)} in {orders}, in no figure above"
    yield f"Clicks     {clicks}; items added to carts: {items}"


def _handoffs(handoffs: Handoffs | None) -> Iterator[str]:
    """What came of them, the median reply, and since when the oldest shopper waits."""
    if handoffs is None:
        yield f"Hand-offs  {NOT_MEASURED}"
        return
    told = [f"{count:,} {words(outcome)}" for outcome, count in handoffs.by_outcome.items() if count]
    yield f"Hand-offs  {handoffs.count:,}{': ' if told else ''}{', '.join(told)}"
    if handoffs.median_minutes_to_reply is not None:
        within = handoffs.median_business_minutes_to_reply
        business = "" if within is None else f", {span(within)} within business hours"
        yield f"Reply      after {span(handoffs.median_minutes_to_reply)}{business} (median)"
    if handoffs.oldest_waiting_since:
        yield f"Waiting    the oldest since {utc_second(handoffs.oldest_waiting_since)}"


def handoff_lines(report: Report, by: str | None, groups: Sequence[HandoffGroup]) -> Iterator[RenderableType]:
    """Hand-offs alone, in groups where they are asked for; outcomes of which there are none have no column."""
    yield _heading(report)
    yield ""
    if by is None or report.handoffs is None:
        yield from _handoffs(report.handoffs)
        return
    shown = [outcome for outcome in OUTCOMES if report.handoffs.by_outcome[outcome]]
    named = [*((group.key or "(none)", group.handoffs) for group in groups), ("all", report.handoffs)]
    medians = {
        "median reply": [span(one.median_minutes_to_reply) for _, one in named],
        "in business hours": [span(one.median_business_minutes_to_reply) for _, one in named],
    }
    counts = {words(outcome): [f"{one.by_outcome[outcome]:,}" for _, one in named] for outcome in shown}
    columns = {"hand-offs": [f"{one.count:,}" for _, one in named], **counts, **medians}
    figures = [Column(name, cells, place, is_right=True) for place, (name, cells) in enumerate(columns.items())]
    yield Fitted([Column(by, [cut(title) for title, _ in named]), *figures])


def words(outcome: str) -> str:
    return outcome.replace("_", " ")


def span(minutes: float | None) -> str:
    """Minutes for people: 45 min, 3 h 20 min, 2 d 4 h; a dash where nobody knows."""
    if minutes is None:
        return NONE
    whole = int(minutes)
    if whole < 60:
        return f"{whole} min"
    if whole < 48 * 60:
        return f"{whole // 60} h {whole % 60} min"
    return f"{whole // 1440:,} d {whole % 1440 // 60} h"


def _what_is_missing(report: Report) -> Iterator[str]:
    """What nobody told, and what to connect; what sources count and did not give."""
    found = list(sentences(report.not_measured))
    found += [
        f"{clean(one.source)} counts {one.theirs:,} {one.thing}, of which {one.theirs - one.ours:,} are not here"
        for one in report.missing
    ]
    if found:
        yield ""
        yield "Not measured, or not complete:"
        yield from (f"  {one}" for one in found)


def note_lines(said: Sequence[str]) -> Iterator[str]:
    """What deserves a word about the dates."""
    for number, one in enumerate(said):
        if number == 0:
            yield ""
        yield clean(one)


def told(figures: Figures, name: str, currency: str) -> str:
    """A figure for people: its 0 only where somebody told what it is counted from (rule 11.1)."""
    if not figures.is_measured(name):
        return NOT_MEASURED
    value = getattr(figures, name)
    return f"{value:,}" if isinstance(value, int) else in_currency(currency, value)


def _skills(skills: Sequence[SkillUsage]) -> Table:
    table = Table("skill", "label", box=None, pad_edge=False)
    table.add_column("messages", justify="right")
    table.add_column("conversations", justify="right")
    for used in skills:
        table.add_row(cut(used.skill), cut(used.label), f"{used.messages:,}", f"{used.conversations:,}")
    return table


def title(by: str, group: Group) -> str:
    """The name of a group for people: weeks and months with the dates that they have in the range."""
    if by in ("week", "month"):
        return f"{group.key} to {group.last}"
    return str(group.key) or "(none)"


def key_figures(reports: list[Report]) -> Iterator[RenderableType]:
    """Key figures, one row per account."""
    table = Table(box=None, pad_edge=False)
    table.add_column("account")
    rates = [one for one in RATES if one.name in OF_ACCOUNTS]
    sales = ("AI-generated sales", "orders", "link clicks", "carts")
    for name in ("conversations", *(OF_ACCOUNTS[rate.name] for rate in rates), *sales):
        table.add_column(name, justify="right")
    for one in reports:
        of = one.conversations
        shares = [
            share(rate.count(of), rate.whole_of(of), with_intervals=False)
            if one.is_measured(rate.name)
            else NOT_MEASURED
            for rate in rates
        ]
        names = ("attributed_revenue", "attributed_orders", "link_clicks", "add_to_cart_items")
        figures = [told(one, name, one.currency) for name in names]
        table.add_row(cut(one.account), f"{of.volume:,}", *shares, *figures)
    yield table


def share(part: int, whole: int, *, with_intervals: bool) -> str:
    """A rate with one decimal, with its 95 % interval if that is wanted; a dash where `whole` is 0."""
    interval = wilson(part, whole)
    if interval is None:
        return NONE
    low, high = (f"{100 * end:.1f}" for end in interval)
    return f"{part / whole:.1%} ({low}–{high})" if with_intervals else f"{part / whole:.1%}"


def in_currency(currency: str, amount: Decimal | None) -> str:
    return NONE if amount is None else f"{clean(currency)} {amount:,.2f}"


def cut(text: str) -> Text:
    """One line of a name, as plain text: Rich would take brackets in a string for markup."""
    shown = clean(" ".join(text.split()))
    return Text(shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…")
