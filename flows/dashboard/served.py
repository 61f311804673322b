"""What this process serves, for the notebook that it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event
from typing import Any
from weakref import WeakSet

from flows import settings
from flows.dashboard.access import Access
from flows.dashboard.visit import Visit
from flows.delivery.handoffs.book import Entry
from flows.delivery.health import Health
from flows.ground.errors import InputError
from flows.warehouses import Warehouse, configured

WAREHOUSE: Warehouse | None = None
LOOKS_EVERY = 30.0  # seconds
VISITS: WeakSet[Visit] = WeakSet()


def nothing_delivered(_account: str) -> tuple[Health, ...]:
    """The deliveries of an account where nobody serves."""
    return ()


def nothing_refused(_account: str) -> tuple[Entry, ...]:
    """The hand-offs of an account of which a ticket was refused, where nobody serves."""
    return ()


DELIVERIES: Callable[[str], tuple[Health, ...]] = nothing_delivered
REFUSED: Callable[[str], tuple[Entry, ...]] = nothing_refused


def visit(meta: Mapping[str, Any]) -> Visit:
    """A visit with what the door says of the visitor; the settings' first warehouse where nobody serves.

    Raises InputError for a visitor who did not come through the door.
    """
    if WAREHOUSE is None:  # opened by `marimo edit` or `marimo run`
        return Visit(configured(settings.load())[0], Access())
    if "texts" not in meta:
        raise InputError("this visit did not come through the door")
    _leave_nothing_to_fetch()
    begun = Visit(WAREHOUSE, Access.of(meta))
    VISITS.add(begun)
    return begun


def _leave_nothing_to_fetch() -> None:
    """Have a chart's data and a draft told to the visit itself. As files, they were for whoever learned their names."""
    from marimo._runtime.context import get_context, runtime_context_installed  # noqa: PLC0415  the page alone has it

    if runtime_context_installed():
        get_context().virtual_files_supported = False


def keep(is_over: Event) -> None:
    """Let go of what visitors looked at who have left; else it stays until Python happens to clear it up."""
    while not is_over.wait(LOOKS_EVERY):
        for one in list(VISITS):
            one.leave()


def end() -> None:
    """Let go of what all visitors look at, while there is still everything that this needs."""
    for one in list(VISITS):
        one.renew()
