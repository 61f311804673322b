"""A shop that publishes segments again and again, and delivers them to a Klaviyo that is strict."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from flows.delivery.ledger import Ledger
from flows.ground.home import Home
from flows.jobs import deliveries
from flows.jobs.deliveries import Deliveries
from flows.settings.requests import EventsRequest, FollowUpsRequest, SyncRequest
from tests.audiences.shop import ShopWithSegments
from tests.delivery.fake_klaviyo_lists import KEY, FakeKlaviyoLists
from tests.gaps.shop import publish_to

SEGMENT = "escalated_7_days"
LIST = f"Name of {SEGMENT} (agent metrics)"
ACCOUNT = """
[[accounts]]
account_id = "{name}"
timezone = "UTC"
currency = "EUR"
"""


class Delivering:
    """`publish` who is in the segment, `sync`, and look at what is over there."""

    def __init__(self, folder: Path, there: FakeKlaviyoLists, patch: pytest.MonkeyPatch) -> None:
        self.home, self.there, self.config = Home(folder / "home"), there, folder / "agent-metrics.toml"
        patch.setenv("KLAVIYO_DELIVERY_KEY", KEY)
        self.settings()

    def settings(self, more: str = "", *, has_ids: bool = True, klaviyo: str = "", accounts: str = "") -> None:
        """An account `shop` with the segment, by Klaviyo's ids or by addresses; `klaviyo` are more lines of it."""
        source = "[accounts.sources.klaviyo]\n" if has_ids else ""
        to = f'[accounts.deliveries.klaviyo]\nbase_url = "{self.there.url}"\n'
        segments = "" if "segments" in klaviyo else f'segments = ["{SEGMENT}"]\n'
        text = ACCOUNT.format(name="shop") + source + to + segments + klaviyo + "\n" + more + accounts
        self.config.write_text(text, "utf-8")

    def publish(self, *members: str, held_back: Iterable[str] = (), shop: ShopWithSegments | None = None) -> None:
        """These are in the segment; a member is an id, with an email of the same name."""
        shop = shop or ShopWithSegments()
        shop.segment(SEGMENT, None)
        for member in members:
            shop.profile(member, email=f"{member.lower()}@mail.example")
            shop.member(SEGMENT, member, suppressed_by="open_ticket" if member in set(held_back) else None)
        publish_to(self.home, shop)

    def sync(self, **asked: Any) -> Deliveries:
        return deliveries.segments(SyncRequest(home=str(self.home.root), config=str(self.config), **asked))

    def events(self, **asked: Any) -> Deliveries:
        return deliveries.events(EventsRequest(home=str(self.home.root), config=str(self.config), **asked))

    def follow_ups(self, **asked: Any) -> Deliveries:
        return deliveries.follow_ups(FollowUpsRequest(home=str(self.home.root), config=str(self.config), **asked))

    def know(self, *members: str) -> None:
        """Klaviyo has these profiles, under these ids."""
        for member in members:
            self.there.profile(email=f"{member.lower()}@mail.example", number=member)

    def listed(self, name: str = LIST) -> list[str]:
        """Who is in the only list of this name."""
        (members,) = self.there.told()["lists"][name]
        return list(members)

    def list_id(self) -> str:
        (found,) = [number for number, one in self.there.lists.items() if one["name"] == LIST]
        return found

    def ledger(self) -> Ledger:
        return Ledger(self.home.deliveries, is_read_only=True)
