"""The desks of an account, from its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache

from flows.delivery.destinations import Destination, destinations
from flows.delivery.handoffs.creating import Desk
from flows.delivery.handoffs.events import Event
from flows.delivery.handoffs.helpdesk import Helpdesk
from flows.settings import AccountSettings
from flows.settings.handoffs import HandoffSettings, switched_on
from flows.settings.helpdesks import HubspotDesk, ZendeskDesk

Waiting = Callable[[float], None]


def desks(account: AccountSettings, secrets: Mapping[str, str], waiting: Waiting) -> Iterator[Desk]:
    """Where the hand-offs of an account go, each with its channels."""
    channels: dict[str, dict[str, HandoffSettings]] = {}
    for channel, one in switched_on(account.handoffs):
        channels.setdefault(one.destination(account.deliveries), {})[channel] = one

    @cache
    def opened(channel: str) -> Helpdesk:
        return helpdesk(account, account.handoffs[channel], secrets, waiting)

    for destination, of in channels.items():
        methods = {channel: one.method for channel, one in of.items()}
        yield Desk(destination, methods, not next(iter(of.values())).is_event, opened)


def helpdesk(account: AccountSettings, of: HandoffSettings, secrets: Mapping[str, str], waiting: Waiting) -> Helpdesk:
    """The helpdesk of a channel. Raises InputError where a secret is not set."""
    if of.is_event:
        to = _destination(account, of.destination(account.deliveries), secrets, waiting)
        return Event(to, str(of.platform or "message"), of.text)
    settings = of.desk(vars(account.sources))
    if isinstance(settings, ZendeskDesk):
        from flows.delivery.handoffs.zendesk import ZendeskTickets  # noqa: PLC0415  dlt costs a second

        return ZendeskTickets(settings, secrets, waiting)
    if isinstance(settings, HubspotDesk):
        from flows.delivery.handoffs.hubspot import HubspotTickets  # noqa: PLC0415

        return HubspotTickets(settings, secrets, waiting)
    from flows.delivery.handoffs.gorgias import GorgiasTickets  # noqa: PLC0415

    return GorgiasTickets(settings, secrets, waiting)


def _destination(account: AccountSettings, name: str, secrets: Mapping[str, str], waiting: Waiting) -> Destination:
    return next(one for one in destinations(account, secrets, waiting) if one.name == name)
