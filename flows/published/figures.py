"""The figures of chapter 6, whoever counts them: conversations by status, sales, clicks and carts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, astuple, dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import contract
from flows.ground.sql import literal
from flows.warehouses.reader import Reader

CENT_OF_A_CENT = Decimal("0.0001")
STATUSES = contract.metrics()["conversations"].column("status").values  # in the order of rule 3.5
MARKS = {"recontacted": "is_recontacted", "deflected": "is_deflected"}
"""What may be true of a conversation beside its status (13.4, 13.5), and the column of `conversations` that says it."""
OPEN_REASONS = contract.metrics()["conversations"].column("open_reason").values  # rule 3.5
BESIDE = {
    **{name: (column, column) for name, column in MARKS.items()},
    **{reason: ("open_reason", f"open_reason = {literal(reason)}") for reason in OPEN_REASONS},
}
"""All that is counted of conversations beside their status: the column that says it, and a condition in SQL."""


@dataclass(frozen=True)
class Conversations:
    """Conversations by status (rule 6.1), those of which one of MARKS is true, and the open ones by reason."""

    volume: int
    resolved: int
    routed: int
    closed: int
    open: int
    recontacted: int = 0
    deflected: int = 0
    running: int = 0
    unanswered: int = 0

    def __add__(self, other: Conversations) -> Conversations:
        return Conversations(*(one + more for one, more in zip(astuple(self), astuple(other), strict=True)))

    @property
    def ended(self) -> int:
        """Those that do not run any more (rule 6.5)."""
        return self.volume - self.running

    def to_json_dict(self, not_measured: Collection[str] = ()) -> dict[str, int | float | None]:
        """Counts and rates; None where one is among `not_measured`, or made of one that is."""
        rates = {rate.name: rate.of(self) for rate in RATES}
        return only_measured({**asdict(self), "ended": self.ended, **rates}, not_measured)


NO_CONVERSATIONS = Conversations(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Rate:
    """A share of conversations, between 0 and 1: of the volume (rule 6.2), or of those that ended (rule 6.5).

    JSON, the report, the page and Prefect's artifact show each of RATES, in this order.
    """

    name: str  # in JSON, and of the metric in MetricFlow
    counted: tuple[str, ...]  # fields of Conversations
    title: str  # of its card on the page
    definition: str  # what the card says that it is, in a sentence
    is_more_better: bool = False
    withdrawn: tuple[str, ...] = ()  # fields that are taken off
    whole: str = "volume"  # what it is a share of: a name of Conversations

    @property
    def words(self) -> str:
        return self.name.replace("_", " ")

    @property
    def shown(self) -> tuple[str, ...]:
        """The conversations to look at behind the rate, as fields: those that are taken off, where some are."""
        return self.withdrawn or self.counted

    def count(self, conversations: Conversations) -> int:
        counted: int = sum(getattr(conversations, one) for one in self.counted)
        return counted - self.withdrawn_of(conversations)

    def withdrawn_of(self, conversations: Conversations) -> int:
        return sum(getattr(conversations, one) for one in self.withdrawn)

    def whole_of(self, conversations: Conversations) -> int:
        whole: int = getattr(conversations, self.whole)
        return whole

    def of(self, conversations: Conversations) -> float | None:
        """None where there are no conversations."""
        whole = self.whole_of(conversations)
        return self.count(conversations) / whole if whole else None


RATES = (
    Rate(
        "ended_resolution_rate",
        ("resolved",),
        "Resolved, of ended",
        "Conversations that ended with the agent's word and without a hand-off, of all that have ended; what runs "
        "is left out.",
        is_more_better=True,
        whole="ended",
    ),
    Rate(
        "ended_unresolved_rate",
        contract.HANDED_OFF,
        "Unresolved, of ended",
        "Routed conversations, and those in which the agent showed its hand-off message, of all that have ended; "
        "unanswered ones are not among them.",
        whole="ended",
    ),
    Rate(
        "unanswered_rate",
        ("unanswered",),
        "Unanswered",
        "Conversations that were closed or timed out on a message of the shopper's, of all that have ended.",
        whole="ended",
    ),
    Rate(
        "resolution_rate",
        ("resolved",),
        "Resolved by AI",
        "Conversations that ended with the agent's word and without a hand-off, of all that started.",
        is_more_better=True,
    ),
    Rate(
        "durable_resolution_rate",
        ("resolved",),
        "Durably resolved",
        "Resolved conversations whose shopper did not come back with another conversation or a ticket within 7 days of "
        "the closing, or as many days as the account's settings say; of all that started.",
        is_more_better=True,
        withdrawn=("recontacted",),
    ),
    Rate(
        "routed_rate",
        ("routed",),
        "Routed",
        "Conversations that went on to a person or a ticket, of all that started. The section Hand-offs counts more: "
        "also those in which a person was only offered, or nobody was there.",
    ),
    Rate(
        "unresolved_rate",
        contract.HANDED_OFF,
        "Unresolved",
        "Routed conversations, and those in which the agent showed its hand-off message, of all that started; "
        "unanswered ones are not among them.",
    ),
    Rate(
        "deflection_rate",
        ("deflected",),
        "Sent elsewhere",
        "Conversations whose last message is the agent's and sends the shopper to another channel, such as email or a "
        "phone, of all that started.",
    ),
)

# The figures of `metrics.measured` that have to be measured for a figure here (rule 11.1).
MEASURED_AS = {
    "routed": ("routed",),
    "closed": ("closed",),
    **{name: (name,) for name in BESIDE},
    "ended": ("running",),
    **{rate.name: (*rate.counted, *rate.withdrawn, *(("running",) if rate.whole == "ended" else ())) for rate in RATES},
    "attributed_revenue": ("attributed_revenue",),
    "net_attributed_revenue": ("attributed_revenue",),
    "attributed_orders": ("attributed_revenue",),
    "average_order_value": ("attributed_revenue",),
    "link_clicks": ("link_clicks",),
    "add_to_cart_items": ("add_to_cart_items",),
    "inferred_revenue": ("inferred_revenue",),
    "inferred_orders": ("inferred_revenue",),
}


def untold(name: str, not_measured: Collection[str]) -> tuple[str, ...]:
    """Which of `not_measured` the figure of this name needs; nothing where it is measured."""
    return tuple(one for one in MEASURED_AS.get(name, ()) if one in not_measured)


def only_measured(values: Mapping[str, Any], not_measured: Collection[str]) -> dict[str, Any]:
    """Figures by name, None in place of those that are not measured."""
    return {name: None if untold(name, not_measured) else value for name, value in values.items()}


def by_mark(reader: Reader, *, in_days: bool = False) -> str:
    """SQL for the fields of `Conversations` after the statuses, of `metrics.conversations` or `daily_performance`.

    They are 0 where a version without them published: `not_measured` names them then.
    """
    parts = []
    for name, (column, condition) in BESIDE.items():
        counted = f"sum({name}_conversations)" if in_days else f"count(*) filter (where conversations.{condition})"
        seen = reader.sees("metrics.conversations", column)
        parts.append(f"coalesce({counted}, 0) as {name}" if seen else f"0 as {name}")
    return ", ".join(parts)


def by_status(counted: str = "count(*)", *, status: str = "status", among: str = "true") -> str:
    """SQL for the fields of `Conversations` up to the statuses, in their order and under their names.

    `counted` is an aggregate of the conversations, `status` the column that it is parted by; it counts rows for which
    the condition `among` holds.
    """
    conditions = {"volume": among} | {one: f"{among} and {has_status(one, column=status)}" for one in STATUSES}
    return ", ".join(f"coalesce({counted} filter (where {when}), 0) as {name}" for name, when in conditions.items())


def has_status(name: str, *, column: str = "status") -> str:
    """SQL for: the conversation has this status. Raises ValueError for a status that the dictionary does not know."""
    if name not in STATUSES:
        raise ValueError(f"no conversation has the status {name!r}")
    return f"{column} = {literal(name)}"


def sales(lines: str) -> str:
    """SQL for the figures of attributed lines: revenue, net revenue, orders, then what is inferred (5.4 to 5.6)."""
    real = f"filter (where {lines}touch_type is distinct from 'inferred')"
    inferred = f"filter (where {lines}touch_type = 'inferred')"
    return (
        f"coalesce(sum({lines}revenue) {real}, 0), coalesce(sum({lines}net_revenue) {real}, 0),"
        f" count(distinct {lines}order_id) {real},"
        f" coalesce(sum({lines}revenue) {inferred}, 0), count(distinct {lines}order_id) {inferred}"
    )


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What happened in a range of local dates, each figure under its own date (rules 6.1 to 6.3); money in the
    account's currency.

    `not_measured` names the figures of `metrics.measured` that nobody told (rule 11.1): their 0 is not shown.
    """

    conversations: Conversations
    attributed_revenue: Decimal
    net_attributed_revenue: Decimal
    attributed_orders: int
    link_clicks: int
    add_to_cart_items: int
    inferred_revenue: Decimal = Decimal(0)  # rule 5.6: no part of the figures before
    inferred_orders: int = 0
    not_measured: frozenset[str] = frozenset()

    def is_measured(self, name: str) -> bool:
        """Whether the figure of this name was measured."""
        return not untold(name, self.not_measured)

    @property
    def average_order_value(self) -> Decimal | None:
        """Attributed revenue per distinct order (rule 5.5), to 4 places, half up; None without orders."""
        if not self.attributed_orders:
            return None
        with localcontext(prec=60):
            return (self.attributed_revenue / self.attributed_orders).quantize(CENT_OF_A_CENT, ROUND_HALF_UP)

    def to_json_dict(self) -> dict[str, Any]:
        """Money is text with 4 places, rates have full precision; what was not measured is None."""
        average = self.average_order_value
        figures = {
            "attributed_revenue": f"{self.attributed_revenue:.4f}",
            "net_attributed_revenue": f"{self.net_attributed_revenue:.4f}",
            "attributed_orders": self.attributed_orders,
            "average_order_value": None if average is None else f"{average:.4f}",
            "link_clicks": self.link_clicks,
            "add_to_cart_items": self.add_to_cart_items,
            "inferred_revenue": f"{self.inferred_revenue:.4f}",
            "inferred_orders": self.inferred_orders,
        }
        return {
            **self.conversations.to_json_dict(self.not_measured),
            **only_measured(figures, self.not_measured),
        }
