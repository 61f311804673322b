"""What the doctor says of deliveries: whether the destinations answer, and whether what they are to get is there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flows.audiences import segments as definitions
from flows.command.finding import Finding
from flows.command.handing_over import handing_over, twice, unheard
from flows.delivery.destinations import ToKlaviyo, ToWebhook, destinations
from flows.delivery.health import KINDS, health
from flows.ground.errors import AgentMetricsError
from flows.ground.home import Home
from flows.settings import AccountSettings, Settings, credentials
from flows.settings.handoffs import switched_on

if TYPE_CHECKING:
    from flows.settings.deliveries import FolderDelivery

CHECK = "deliveries"


def switched_off(settings: Settings) -> set[str]:
    """The flows that deliver and have nothing to deliver, as the settings stand."""
    to = [one for account in settings.accounts for one in account.deliveries.all()]
    off = {part for part in ("segments", "events", "follow_ups") if not any(getattr(one, part) for one in to)}
    return off | (set() if any(hands_over(one) for one in settings.accounts) else {"handoffs"})


def hands_over(account: AccountSettings) -> bool:
    """Whether something becomes of its hand-offs."""
    return any(switched_on(account.handoffs))


def delivering(settings: Settings) -> Iterator[Finding]:
    """Look at each destination; nothing is delivered."""
    accounts = [one for one in settings.accounts if one.deliveries.all() or hands_over(one)]
    if not accounts:
        yield Finding(CHECK, "ok", "none is switched on")
        return
    defined, _ = definitions(settings.segments, shipped=settings.shipped_segments)
    known = {one.key for one in defined}
    for account in accounts:
        named = {key for one in account.deliveries.all() for key in one.segments}
        if unknown := sorted(named - known):
            remedy = "`agent-metrics segments list` shows those that there are"
            what = f"{account.account_id} delivers segments that are not defined: {', '.join(unknown)}"
            yield Finding(CHECK, "problem", what, remedy, is_configuration=True)
        yield from _destinations(account)
        yield from handing_over(account)
    yield from unheard(settings, accounts)
    yield from twice(settings, accounts)
    for one in health(accounts, Home(settings.home).deliveries):
        for why in one.concerns:
            yield Finding(
                CHECK, "warning", f"{one.key or KINDS[one.kind]} of {one.account} to {one.destination}: {why}"
            )


def _destinations(account: AccountSettings) -> Iterator[Finding]:
    for one in destinations(account, credentials(), lambda _: None):
        name = f"{one.name} of {account.account_id}"
        try:
            if isinstance(one, ToKlaviyo):
                yield Finding(CHECK, "ok", f"{name}: {one.there.check()}")
            elif isinstance(one, ToWebhook):
                yield Finding(CHECK, "ok", f"{name}: {one.check()}")
        except AgentMetricsError as error:
            yield Finding(
                CHECK, "problem", f"{name}: {error.what}", error.remedy, is_configuration=error.exit_status == 2
            )
    if account.deliveries.folder:
        yield _folder(account, account.deliveries.folder)


def _folder(account: AccountSettings, to: FolderDelivery) -> Finding:
    above = next(folder for folder in (to.path, *to.path.parents) if folder.exists())
    if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
        return Finding(CHECK, "ok", f"folder of {account.account_id}: {to.path} can be written to")
    what = f"folder of {account.account_id}: {to.path} cannot be written to"
    return Finding(CHECK, "problem", what, "name another path, or give it its permissions", is_configuration=True)
