"""The key figures as cards: value, change against the period before, interval of a rate, and what it means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from flows.dashboard import shown
from flows.ground.text import counted
from flows.published.figures import RATES, Figures, Rate, untold
from flows.published.intervals import wilson
from flows.published.measured import WANTED
from flows.published.performance import Bar

NOT_MEASURED = "Not measured"
WIDTH, HEIGHT = 100, 24  # of a line of the recent past, in its own units


@dataclass(frozen=True)
class Card:
    """`is_better` says whether the change is one for the better; None where more is neither."""

    key: str
    title: str
    value: str
    detail: str
    change: str
    is_better: bool | None
    definition: str
    line: str = ""


def cards(now: Figures, was: Figures, currency: str, bars: tuple[Bar, ...]) -> tuple[Card, ...]:
    """The cards of a period, in the order in which people ask; `was` is the period before."""

    def money(amount: Decimal | None) -> str:
        return shown.money(amount, currency)

    def card(rate: Rate) -> Card:
        count, share, earlier = rate.count(of), rate.of(of), rate.of(was.conversations)
        change = shown.points(share, earlier)
        is_more = None if share is None or earlier is None or change.startswith("±") else share > earlier
        is_better = None if is_more is None else is_more == rate.is_more_better
        withdrawn = f"{rate.withdrawn_of(of):,} withdrawn" if rate.withdrawn else ""
        parts = (counted(count, "conversation"), withdrawn, _interval(count, rate.whole_of(of)))
        detail = ", ".join(part for part in parts if part)
        found = Card(rate.name, rate.title, shown.percent(share), detail, change, is_better, rate.definition)
        return told(rate.name, found)

    def amount(name: str, key: str, title: str, definition: str) -> Card:
        count, before = getattr(now, name), getattr(was, name)
        return told(name, Card(key, title, shown.number(count), "", shown.change(count, before), None, definition))

    def told(name: str, card: Card) -> Card:
        missing = untold(name, now.not_measured)
        if not missing:
            return card
        _, what = WANTED[missing[0]]
        return replace(card, value=NOT_MEASURED, detail=what, change="", is_better=None)

    of = now.conversations
    revenue, revenue_before = now.attributed_revenue, was.attributed_revenue

    return (
        Card(
            "volume",
            "Conversations",
            shown.number(of.volume),
            f"{of.open:,} still open" if of.open else "",
            shown.change(of.volume, was.conversations.volume),
            None,
            "Conversations that a shopper started in this period, whole, with the status that they have now.",
            _line(bars),
        ),
        *map(card, RATES),
        told(
            "attributed_revenue",
            Card(
                "sales",
                "AI-generated sales",
                money(revenue),
                f"net {money(now.net_attributed_revenue)}",
                shown.change(revenue, revenue_before),
                _more(revenue, revenue_before),
                "Order lines bought within the account's window after the agent brought the product, on the order's "
                "date. Net is without refunds and cancelled orders.",
            ),
        ),
        told(
            "average_order_value",
            Card(
                "orders",
                "Average order value",
                money(now.average_order_value),
                counted(now.attributed_orders, "order"),
                shown.change(now.average_order_value, was.average_order_value),
                None,
                "AI-generated sales per order that has such a line.",
            ),
        ),
        amount("add_to_cart_items", "carts", "Added to carts", "Pieces, on the date of the click."),
        amount("link_clicks", "clicks", "Link clicks", "On product cards and links, on their own date."),
    )


def _more(now: Decimal, was: Decimal) -> bool | None:
    return None if not was or shown.change(now, was).startswith("±") else now > was


def _interval(count: int, volume: int) -> str:
    """Between what the true rate lies, so that nobody celebrates three conversations."""
    found = wilson(count, volume)
    return "" if found is None else f"{100 * found[0]:.0f} to {100 * found[1]:.0f} %"


def _line(bars: tuple[Bar, ...]) -> str:
    """The points of a line of the totals, for SVG; nothing where it would be no line."""
    totals: dict[date, int] = {}
    for bar in bars:
        totals[bar.first] = totals.get(bar.first, 0) + bar.conversations
    values = [totals[day] for day in sorted(totals)]
    most = max(values, default=0)
    if len(values) < 3 or not most:
        return ""
    steps = enumerate(values)
    return " ".join(f"{WIDTH * at / (len(values) - 1):.1f},{HEIGHT - HEIGHT * value / most:.1f}" for at, value in steps)
