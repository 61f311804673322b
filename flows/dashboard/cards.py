"""The key figures as cards: value, of how many, change like with like, interval, what it means, and what is behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from flows.dashboard.language import Language
from flows.dashboard.look import Look
from flows.published.figures import MARKS, RATES, STATUSES, Figures, Rate, untold
from flows.published.intervals import wilson
from flows.published.measured import WANTED
from flows.published.performance import Bar, Compared, bars, compared, filled
from flows.published.volumes import Volumes, volumes

WIDTH, HEIGHT = 100, 24  # of a line of the recent past, in its own units
LEADING = ("ended_resolution_rate", "ended_unresolved_rate")  # of RATES: the others come after the first cards


@dataclass(frozen=True)
class Card:
    """`is_better` says whether the change is for the better, None where more is neither; `behind` is an address."""

    key: str
    title: str
    value: str
    definition: str
    details: tuple[str, ...] = ()
    change: str = ""
    is_better: bool | None = None
    behind: str | None = None
    line: str = ""
    is_measured: bool = True


@dataclass(frozen=True)
class Cards:
    """What people ask first, and what they ask then. `earlier` says what changes are against."""

    first: tuple[Card, ...]
    more: tuple[Card, ...]
    earlier: str


def cards(look: Look) -> Cards:
    """The cards of a look's dates and channel."""
    first, last = look.period.first, look.period.last
    found = compared(look.reader, look.account, look.publication, first, last, channels=look.channels)
    asked = (look.reader, look.account, first, last)
    days = filled(bars(*asked, by="status", channels=look.channels, week=look.week), first, last, look.week)
    made = Maker(look.say, look.account.currency, look.to, found.now, found.before)
    shown = made.all(line_of(days), _earlier(look, found))
    counts = volumes(look.reader, look.account, first, last, channels=look.channels)
    return replace(shown, more=(*_volumes(look, counts), *shown.more))


def _volumes(look: Look, counts: Volumes) -> tuple[Card, Card]:
    """The two other ways to count how much happened: shoppers, and events."""
    say = look.say
    anonymous = say.many(
        counts.anonymous_conversations,
        "%(count)s conversation of nobody known",
        "%(count)s conversations of nobody known",
    )
    shoppers = Card(
        "shoppers",
        say("Shoppers"),
        say.number(counts.shoppers),
        say("Known shoppers with a conversation that started on these dates, each counted once."),
        (anonymous,),
        behind=look.to("conversations"),
    )
    events = Card(
        "events",
        say("Events"),
        say.number(sum(counts.events.values())),
        say("Starts, ends and escalations of conversations, and recommendations of products, each on its own date."),
        behind=look.to("events"),
    )
    return shoppers, events


def _earlier(look: Look, found: Compared) -> str:
    """What changes are against, as a sentence."""
    if found.last < found.first:
        return look.say("Changes are against nothing: these dates have not begun.")
    days = look.say.days(found.first, found.last)
    if found.until is None:
        return look.say("Changes are against %(dates)s.", dates=days)
    clock = look.say.clock(look.account.local(found.until))
    return look.say("Changes are against %(dates)s, until %(clock)s.", dates=days, clock=clock)


@dataclass(frozen=True)
class Maker:
    """Cards of the figures `now`, against those of the period before; `to` gives the address of a section."""

    say: Language
    currency: str
    to: Callable[..., str]
    now: Figures
    was: Figures

    def all(self, line: str, earlier: str) -> Cards:
        rates = {rate.name: self.rate(rate) for rate in RATES if rate.name != "unanswered_rate"}
        leading = tuple(rates.pop(name) for name in LEADING)
        return Cards(
            (self.volume(line), *leading, self.sales(), self.unanswered()),
            (*rates.values(), self.orders(), self.amount("add_to_cart_items"), self.amount("link_clicks")),
            earlier,
        )

    def volume(self, line: str) -> Card:
        say, now = self.say, self.now.conversations
        return Card(
            "volume",
            say("Conversations"),
            say.number(now.volume),
            say("Conversations that started on these dates, whole, with the status that they have now."),
            (say("%(count)s still running", count=say.number(now.running)),) if self.now.is_measured("running") else (),
            say.change(now.volume, self.was.conversations.volume),
            behind=self.to("conversations"),
            line=line,
        )

    def unanswered(self) -> Card:
        say, now = self.say, self.now.conversations
        share = now.unanswered / now.ended if now.ended else None
        details = (say("%(share)s of %(count)s ended", share=say.percent(share), count=say.number(now.ended)),)
        was = self.was.conversations
        change = say.change(now.unanswered, was.unanswered)
        is_same = not was.ended or not change or change.startswith("±")
        found = Card(
            "unanswered",
            say("Unanswered"),
            say.number(now.unanswered),
            say("Conversations that were closed or timed out on a message of the shopper's."),
            details,
            change,
            None if is_same else now.unanswered < was.unanswered,
            self.to("conversations", open_reasons="unanswered"),
        )
        return self._told("unanswered", found)

    def rate(self, rate: Rate) -> Card:
        say, now, was = self.say, self.now.conversations, self.was.conversations
        count, whole, share, earlier = rate.count(now), rate.whole_of(now), rate.of(now), rate.of(was)
        # of all that started, those of the last hours still run, and none of the period before: not like with like
        is_alike = rate.whole == "ended" or not now.running
        change = say.points(share, earlier) if is_alike else ""
        is_more = None if not change or share is None or earlier is None or change.startswith("±") else share > earlier
        of = "%(part)s of %(count)s ended" if rate.whole == "ended" else "%(part)s of %(count)s started"
        details = [say(of, part=say.number(count), count=say.number(whole))]
        if rate.withdrawn:
            details.append(say("%(count)s withdrawn", count=say.number(rate.withdrawn_of(now))))
        if (interval := wilson(count, whole)) is not None:  # so that nobody celebrates three conversations
            low, high = (f"{100 * one:.0f}" for one in interval)
            details.append(say("likely %(low)s–%(high)s %%", low=low, high=high))
        found = Card(
            rate.name,
            say(rate.title),
            say.percent(share),
            say(rate.definition),
            tuple(details),
            change,
            None if is_more is None else is_more == rate.is_more_better,
            self.to("conversations", **_behind(rate)),
        )
        return self._told(rate.name, found)

    def sales(self) -> Card:
        say, now = self.say, self.now.attributed_revenue
        found = Card(
            "sales",
            say("AI-generated sales"),
            self._money(now),
            say(
                "Order lines bought within the account's window after the agent brought the product, on the order's "
                "date. Net is without refunds and cancelled orders."
            ),
            (
                say("net %(amount)s", amount=self._money(self.now.net_attributed_revenue)),
                say.many(self.now.attributed_orders, "%(count)s order", "%(count)s orders"),
            ),
            say.change(now, self.was.attributed_revenue),
            _more(now, self.was.attributed_revenue, say.change(now, self.was.attributed_revenue)),
            self.to("sales"),
        )
        return self._told("attributed_revenue", found)

    def orders(self) -> Card:
        say, now = self.say, self.now
        found = Card(
            "orders",
            say("Average order value"),
            self._money(now.average_order_value),
            say("AI-generated sales per order that has such a line."),
            (say.many(now.attributed_orders, "%(count)s order", "%(count)s orders"),),
            say.change(now.average_order_value, self.was.average_order_value),
            behind=self.to("sales"),
        )
        return self._told("average_order_value", found)

    def amount(self, name: str) -> Card:
        """Clicks or carts."""
        key, title, definition, more = _AMOUNTS[name]
        say, count = self.say, getattr(self.now, name)
        change = say.change(count, getattr(self.was, name))
        behind = self.to("conversations", is_clicked="yes") if more else None
        return self._told(name, Card(key, say(title), say.number(count), say(definition), (), change, None, behind))

    def _money(self, amount: Decimal | None) -> str:
        return self.say.money(amount, self.currency)

    def _told(self, name: str, card: Card) -> Card:
        """The card, without a figure that nobody measured."""
        missing = untold(name, self.now.not_measured)
        if not missing:
            return card
        say = self.say
        value, what = say("Not measured"), say(WANTED[missing[0]][1])
        return replace(
            card,
            value=value,
            details=(what,),
            change="",
            is_better=None,
            behind=self.to("data"),
            is_measured=False,
        )


_AMOUNTS = {
    "add_to_cart_items": ("carts", "Added to carts", "Pieces, on the date of the click.", False),
    "link_clicks": ("clicks", "Link clicks", "On product cards and links, on their own date.", True),
}


def _behind(rate: Rate) -> dict[str, str]:
    """The filters of the conversations to look at behind a rate."""
    statuses = ",".join(one for one in rate.shown if one in STATUSES)
    marks = {MARKS[one]: "yes" for one in rate.shown if one in MARKS}
    return {**({"statuses": statuses} if statuses else {}), **marks}


def _more(now: Decimal, was: Decimal, change: str) -> bool | None:
    return None if not was or change.startswith("±") else now > was


def line_of(bars_: tuple[Bar, ...]) -> str:
    """The points of a line of the totals, for SVG; nothing where it would be no line."""
    totals: dict[date, int] = {}
    for bar in bars_:
        totals[bar.first] = totals.get(bar.first, 0) + bar.conversations
    values = [totals[day] for day in sorted(totals)]
    most = max(values, default=0)
    if len(values) < 3 or not most:
        return ""
    steps = enumerate(values)
    return " ".join(f"{WIDTH * at / (len(values) - 1):.1f},{HEIGHT - HEIGHT * value / most:.1f}" for at, value in steps)
