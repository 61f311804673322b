"""A shop whose agent hands conversations over, to helpdesks that are strict."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from flows.command.main import main
from flows.delivery.handoffs.book import Book
from flows.delivery.ledger import Ledger
from flows.ground.home import Home
from flows.jobs import deliveries
from flows.jobs.deliveries import Deliveries
from flows.settings.requests import HandoffsRequest
from tests.audiences.shop import AS_OF, ShopWithSegments
from tests.delivery.delivered import ACCOUNT
from tests.delivery.fake_desk import FakeDesk
from tests.delivery.fake_gorgias_tickets import KEY, USERNAME
from tests.delivery.fake_hubspot_tickets import TOKEN, FakeHubspotTickets
from tests.delivery.fake_zendesk_tickets import CLIENT_ID, CLIENT_SECRET, FakeZendeskTickets
from tests.gaps.shop import publish_to

ACCEPTED_AT = AS_OF - timedelta(hours=1)
SINCE = AS_OF - timedelta(days=1)
ZENDESK = """
[accounts.sources.zendesk]
subdomain = "shop"
base_url = "{url}"

[accounts.handoffs.web_chat]
method = "ticket"
platform = "zendesk"
"""
GORGIAS = ZENDESK.replace("zendesk", "gorgias").replace("subdomain", "account")
HUBSPOT = ZENDESK.replace("zendesk", "hubspot").replace('subdomain = "shop"\n', "")
FACTS = ("conversation_id", "channel", "profile_id", "email", "tag", "reason", "platform", "ticket_id", "outcome")
TIMES = ("began_at", "offered_at", "accepted_at", "declined_at", "created_at", "replied_at")


D = TypeVar("D", bound=FakeDesk)


def settings_of(there: FakeDesk) -> str:
    """An account whose tickets of web chat are made there."""
    if isinstance(there, FakeHubspotTickets):
        return HUBSPOT.format(url=there.url)
    return (ZENDESK if isinstance(there, FakeZendeskTickets) else GORGIAS).format(url=there.url)


class Handing(Generic[D]):
    """`accepts` and `publish`, then `create`, and look at what is over there."""

    def __init__(self, folder: Path, there: D, patch: pytest.MonkeyPatch) -> None:
        self.home, self.there, self.config = Home(folder / "home"), there, folder / "agent-metrics.toml"
        patch.setenv("ZENDESK_TICKETS_CLIENT_ID", CLIENT_ID)
        patch.setenv("ZENDESK_TICKETS_CLIENT_SECRET", CLIENT_SECRET)
        patch.setenv("GORGIAS_TICKETS_USERNAME", USERNAME)
        patch.setenv("GORGIAS_TICKETS_API_KEY", KEY)
        patch.setenv("HUBSPOT_TICKETS_ACCESS_TOKEN", TOKEN)
        patch.setattr("flows.delivery.handoffs.wanted.REACH", timedelta(days=10_000))  # the shop of the tests is old
        patch.setattr("flows.sources.api.http.ATTEMPTS", 1)  # that a call is repeated is tried elsewhere
        self.settings(settings_of(there))
        self.anew()

    def settings(self, more: str) -> None:
        self.config.write_text(ACCOUNT.format(name="shop") + more, "utf-8")

    def anew(self) -> None:
        """Nobody accepted anything."""
        self.shop = ShopWithSegments()
        self.rows = list[dict[str, Any]]()

    def accepts(self, name: str, at: datetime = ACCEPTED_AT, **more: Any) -> None:
        """The shopper of a conversation, who has its name and an email, accepts a hand-off."""
        channel = more.get("channel", "web_chat")
        self.shop.conversation(name, profile_id=name, channel=channel, at=at - timedelta(minutes=9))
        self.shop.profile(name, name=f"Name of {name}", email=f"{name.lower()}@mail.example")
        question = ("visitor", f"Where is the parcel of {name}?")
        said = (question, ("agent", "I **do not** know, {{ticket.id}}"), ("visitor", "Yes please"))
        for number, (sender, text) in enumerate(said):
            ids: dict[str, Any] = {"message_id": f"{name}/{number}", "conversation_id": name, "position": number}
            more_of: dict[str, Any] = {"sender": sender, "text": text, "sent_at": at - timedelta(minutes=9 - number)}
            shown = "['p1']" if sender == "agent" else None
            self.shop.add("messages", recommended_product_ids=shown, **ids, **more_of)
        asked: dict[str, Any] = {"message_id": f"{name}/0", "conversation_id": name, "topic_id": None}
        self.shop.add("knowledge_gap_questions", asked_at=at - timedelta(minutes=9), **asked)
        facts = {"channel": channel, "profile_id": name, "email": f"{name.lower()}@mail.example", "outcome": "waiting"}
        self.has(name, began_at=at, offered_at=at, accepted_at=at, reason="shopper_request", **{**facts, **more})

    def has(self, name: str, **more: Any) -> None:
        """A row of `handoffs`."""
        self.rows.append(dict.fromkeys(FACTS + TIMES) | {"account_id": "shop", "conversation_id": name, **more})

    def publish(self) -> None:
        self.shop.rows["handoffs"] = self.rows
        publish_to(self.home, self.shop)

    def begin(self, *channels: str) -> None:
        """The account switched it on a day ago."""
        self.home.root.mkdir(exist_ok=True)
        with Ledger(self.home.deliveries) as ledger:
            for channel in channels or ("web_chat",):
                Book(ledger, "shop").begin(channel, SINCE)

    def create(self, **asked: Any) -> Deliveries:
        return deliveries.handoffs(HandoffsRequest(home=str(self.home.root), config=str(self.config), **asked))

    def figures(self, **asked: Any) -> dict[str, int]:
        """What the only desk did, without zeros."""
        (done,) = self.create(**asked).delivered
        return {name: number for name, number in done.figures.items() if number}

    def say(self, *command: str) -> int:
        return main(["handoffs", *command, "--home", str(self.home.root), "--config", str(self.config)])

    def later(self) -> None:
        """What waits is due."""
        with Ledger(self.home.deliveries) as ledger:
            ledger.run("update handoffs set next_try_at = changed_at where state = 'waiting'")

    def ledger(self) -> Ledger:
        return Ledger(self.home.deliveries, is_read_only=True)

    def states(self) -> dict[str, tuple[str, str | None, str | None]]:
        """State, ticket and reason of each hand-off of the ledger."""
        with self.ledger() as ledger:
            rows = ledger.rows("select conversation_id, state, ticket_id, reason from handoffs")
        return {name: tuple(more) for name, *more in rows}

    def tickets(self) -> list[str]:
        """The external ids of all tickets, without what stands before all of ours."""
        return sorted(str(one.external_id).removeprefix("agent-metrics:shop:") for one in self.there.tickets.values())
