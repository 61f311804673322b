"""The state of the page as parameters of its address, so that a link shows a colleague the same thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from flows.dashboard.periods import START, Period
from flows.published.events import EVENTS
from flows.published.filters import Filters
from flows.published.handoffs import DIMENSIONS
from flows.published.performance import GROUPS

Memory = dict[str, str]
OF_FILTERS = (
    "search",
    "words",
    "profile",
    "channels",
    "statuses",
    "open_reasons",
    "escalation_reasons",
    "ratings",
    "tags",
    "least_messages",
    "most_messages",
    "updated_from",
    "updated_to",
    "topic",
    "product",
    "shown_product",
    "skill",
    "is_sold",
    "is_clicked",
    "is_recontacted",
    "is_deflected",
)
DATES = ("from", "to")  # of the conversations, where they are narrower than the page's
HANDOFFS_BY = tuple(one for one in DIMENSIONS if one != "outcome")  # which stands beside them
CHOSEN = ("account", "dates", "channel", "by", "handoffs_by", "event", "conversation", "draft", "order")
KNOWN = (*CHOSEN, *DATES, *OF_FILTERS)
LONGEST = 2000


class Parameters(Protocol):
    """The parameters of the page's address, which marimo shows in the browser as they change."""

    def get(self, name: str, /) -> object: ...
    def __setitem__(self, name: str, value: str, /) -> None: ...
    def __delitem__(self, name: str, /) -> None: ...


def remembered(query: dict[str, Any]) -> Memory:
    """What an address says; what it says twice, too long or unknown is left out."""
    memory = {name: value for name, value in query.items() if name in KNOWN and isinstance(value, str) and value}
    memory = {name: value for name, value in memory.items() if len(value) <= LONGEST}
    if memory.get("by") not in GROUPS:
        memory["by"] = GROUPS[0]
    if memory.get("event") not in EVENTS:
        memory["event"] = next(iter(EVENTS))
    if memory.get("handoffs_by") not in HANDOFFS_BY:
        memory["handoffs_by"] = HANDOFFS_BY[0]
    memory.setdefault("dates", START)
    return memory


def want(memory: Memory, renew: Callable[[Callable[[int], int]], None], **wanted: str) -> None:
    """Have the filters anew: those that are wanted, and no others."""
    for name in (*DATES, *OF_FILTERS):
        memory.pop(name, None)
    memory.update({name: value for name, value in wanted.items() if value})
    renew(lambda count: count + 1)


def remember(memory: Memory, address: Parameters, filters: Filters, period: Period, **chosen: str | None) -> None:
    """Keep what is chosen, in the memory and in the address."""
    asked = filters.to_query()
    if (filters.first, filters.last) == (period.first, period.last):
        del asked["from"], asked["to"]
    if chosen.get("channel"):
        asked.pop("channels", None)  # it follows from the channel
    for name in KNOWN:
        value = asked.get(name) or chosen.get(name) or ""
        if value:
            memory[name] = value
        else:
            memory.pop(name, None)
        if (address.get(name) or "") != value:
            if value:
                address[name] = value
            else:
                del address[name]
