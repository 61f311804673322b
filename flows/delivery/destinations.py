"""Where messages go: a destination has a name in the ledger, and takes one message at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from flows.delivery.lists import UNKNOWN, key_of, known_there
from flows.delivery.message import KLAVIYO, Message
from flows.ground.errors import SourceRefused
from flows.settings import AccountSettings
from flows.settings.deliveries import DeliverySettings, KlaviyoDelivery, WebhookDelivery

if TYPE_CHECKING:
    from flows.delivery.klaviyo import Klaviyo
    from flows.delivery.webhook import Webhook

LABELS = {  # names of properties as Klaviyo's own agent has them, so that one segment or flow takes both
    "conversation_id": "Conversation ID",
    "channel": "Channel",
    "initial_skill": "Initial skill",
    "final_skill": "Skill",
    "tag": "Tags",
    "escalation_reason": "Escalation reason",
    "product_ids": "Product IDs",
    "products": "Products",
    "recommended_at": "Recommended at",
    "reason": "Reason",
    "email": "Email",
    "subject": "Subject",
    "question": "Question",
    "conversation": "Conversation",
    "link": "Link",
    "text": "Text",
}


class Destination(Protocol):
    """`settings` say what it gets; `name` is what ledger and commands call it."""

    @property
    def name(self) -> str: ...
    @property
    def settings(self) -> DeliverySettings: ...
    def has_itself(self, agent: str | None) -> bool:
        """Whether it knows events of this agent without us."""

    def prepare(self, messages: Sequence[Message]) -> None:
        """These come next. Raises SourceUnavailable, SourceRefused."""

    def send(self, message: Message) -> None:
        """Raises SourceUnavailable, SourceRefused."""


class ToKlaviyo:
    """Events of an account of Klaviyo. It is opened when something is sent."""

    name = KLAVIYO

    def __init__(
        self,
        account: AccountSettings,
        settings: KlaviyoDelivery,
        secrets: Mapping[str, str],
        waiting: Callable[[float], None],
    ) -> None:
        self.settings = settings
        self.has_ids = account.sources.klaviyo is not None
        self._secrets, self._waiting = secrets, waiting
        self._ids = dict[str, str]()

    @cached_property
    def there(self) -> Klaviyo:
        """Raises InputError where the key is not set."""
        from flows.delivery.klaviyo import Klaviyo  # noqa: PLC0415  dlt costs a second

        return Klaviyo(self.settings, self._secrets, self._waiting)

    def has_itself(self, agent: str | None) -> bool:
        return agent == KLAVIYO

    def prepare(self, messages: Sequence[Message]) -> None:
        """Find the ids that the shoppers have over there; whoever has none there is refused when it is sent."""
        self._ids = {one.profile_id: one.profile_id for one in messages if self.has_ids and one.profile_id}
        if others := [one for one in messages if key_of(one) not in self._ids]:
            self._ids |= known_there(self.there, others)

    def send(self, message: Message) -> None:
        key = key_of(message)
        target = self._ids.get(key)
        if target is None and self.settings.creates_profiles and (message.email or message.phone):
            target = self._ids[key] = self.there.created(message.email, message.phone)
        if target is None:
            raise SourceRefused(UNKNOWN, remedy="make the profile, or set creates_profiles")
        properties = {LABELS[name]: value for name, value in message.properties.items() if name in LABELS}
        self.there.send(replace(message, email=None, phone=None, properties=properties), target)


class ToWebhook:
    """One URL."""

    def __init__(self, settings: WebhookDelivery, secrets: Mapping[str, str]) -> None:
        self.settings, self._secrets = settings, secrets
        self.name = f"webhook:{settings.name}"

    @cached_property
    def _there(self) -> Webhook:
        from flows.delivery.webhook import Webhook  # noqa: PLC0415

        return Webhook(self.settings, self._secrets)

    def has_itself(self, agent: str | None) -> bool:  # noqa: ARG002
        return False

    def prepare(self, messages: Sequence[Message]) -> None:  # noqa: ARG002
        return

    def check(self) -> str:
        """Whether its secret is there; nothing is posted. Raises InputError."""
        return f"{self._there.url} has a secret; whether it answers shows with the first message"

    def send(self, message: Message) -> None:
        self._there.send(message)


def destinations(
    account: AccountSettings, secrets: Mapping[str, str], waiting: Callable[[float], None]
) -> Iterator[Destination]:
    """The destinations of an account that take messages."""
    to = account.deliveries
    if to.klaviyo:
        yield ToKlaviyo(account, to.klaviyo, secrets, waiting)
    for one in to.webhooks:
        yield ToWebhook(one, secrets)
