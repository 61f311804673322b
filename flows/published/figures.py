"""The figures of chapter 6, whoever counts them: conversations by status, sales, clicks and carts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import contract
from flows.ground.sql import literal

CENT_OF_A_CENT = Decimal("0.0001")
STATUSES = contract.metrics()["conversations"].column("status").values  # in the order of rule 3.5


@dataclass(frozen=True)
class Conversations:
    """Conversations by status (rule 6.1), and their rates between 0 and 1, None where there are none (rule 6.2)."""

    volume: int
    resolved: int
    routed: int
    closed: int
    open: int

    @property
    def unresolved(self) -> int:
        return self.routed + self.closed

    @property
    def resolution_rate(self) -> float | None:
        return self.share(self.resolved)

    @property
    def routed_rate(self) -> float | None:
        return self.share(self.routed)

    @property
    def unresolved_rate(self) -> float | None:
        return self.share(self.unresolved)

    def to_json_dict(self) -> dict[str, int | float | None]:
        return {
            **asdict(self),
            "resolution_rate": self.resolution_rate,
            "routed_rate": self.routed_rate,
            "unresolved_rate": self.unresolved_rate,
        }

    def share(self, part: int) -> float | None:
        """Of the volume; None where there is none."""
        return part / self.volume if self.volume else None


def by_status(counted: str = "count(*)", *, status: str = "status", among: str = "true") -> str:
    """SQL for the fields of `Conversations`, in their order and under their names.

    `counted` is an aggregate of the conversations, `status` the column that it is parted by; it counts rows for which
    the condition `among` holds.
    """
    conditions = {"volume": among} | {one: f"{among} and {status} = {literal(one)}" for one in STATUSES}
    return ", ".join(f"coalesce({counted} filter (where {when}), 0) as {name}" for name, when in conditions.items())


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What happened in a range of local dates, each figure under its own date (rules 6.1 to 6.3); money in the
    account's currency.
    """

    conversations: Conversations
    attributed_revenue: Decimal
    net_attributed_revenue: Decimal
    attributed_orders: int
    link_clicks: int
    add_to_cart_items: int

    @property
    def average_order_value(self) -> Decimal | None:
        """Attributed revenue per distinct order (rule 5.5), to 4 places, half up; None without orders."""
        if not self.attributed_orders:
            return None
        with localcontext(prec=60):
            return (self.attributed_revenue / self.attributed_orders).quantize(CENT_OF_A_CENT, ROUND_HALF_UP)

    def to_json_dict(self) -> dict[str, Any]:
        """Money is text with 4 places, rates have full precision."""
        average = self.average_order_value
        return {
            **self.conversations.to_json_dict(),
            "attributed_revenue": f"{self.attributed_revenue:.4f}",
            "net_attributed_revenue": f"{self.net_attributed_revenue:.4f}",
            "attributed_orders": self.attributed_orders,
            "average_order_value": None if average is None else f"{average:.4f}",
            "link_clicks": self.link_clicks,
            "add_to_cart_items": self.add_to_cart_items,
        }
