"""Deliveries that are killed, half of them, at any step: at the end every list and every event stands exactly once."""

from __future__ import annotations

import os
import random
import signal
import traceback
from collections.abc import Callable
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import requests

from flows.delivery.ledger import Ledger
from flows.delivery.outbox import Outbox
from flows.published.events import EVENTS
from tests.audiences.shop import ShopWithSegments, days_ago
from tests.delivery.delivered import Delivering

ROUNDS = 16
CALLS = ((Ledger, ("run", "run_for", "together")), (requests.Session, ("send",)))


class Steps:
    """Counts what a delivery writes and sends; kills this process before or after one of these steps."""

    def __init__(self, lives: int, *, after: bool) -> None:
        self.lives, self.after, self.made = lives, after, 0

    def step(self, *, after: bool) -> None:
        if after != self.after:
            return
        self.made += 1
        if self.made > self.lives:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        for where, names in CALLS:
            for name in names:
                setattr(where, name, self._watched(getattr(where, name), is_block=name == "together"))

    def _watched(self, call: Any, *, is_block: bool) -> Any:
        def called(*args: Any, **kwargs: Any) -> Any:
            self.step(after=False)
            done = call(*args, **kwargs)
            self.step(after=True)
            return done

        @contextmanager
        def block(*args: Any, **kwargs: Any) -> Any:
            with call(*args, **kwargs):
                yield
                self.step(after=False)
            self.step(after=True)

        return block if is_block else called


def in_a_child(work: Callable[[], object], lives: int | None, *, after: bool = False) -> bool:
    """Do the work in another process, killed after so many steps; whether it ended by itself."""
    child = os.fork()
    if child == 0:
        try:
            if lives is not None:
                Steps(lives, after=after).watch()
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFEXITED(status)


class Happening:
    """A shop in which members come and go, people add others by hand, and conversations begin and end."""

    def __init__(self, shop: Delivering, rng: random.Random) -> None:
        self.shop, self.rng = shop, rng
        self.everybody = [f"P{number:02}" for number in range(30)]
        self.members, self.changed, self.by_hand, self.begun = set[str](), set[str](), set[str](), 0
        shop.know(*self.everybody)
        shop.settings(klaviyo="max_removed_share = 1\nevents = true\n")
        self.publish()
        shop.sync()
        with Ledger(shop.home.deliveries) as ledger:
            Outbox(ledger, "shop", "klaviyo", "event").begin(days_ago(20))

    def goes_on(self) -> None:
        again = self.changed if self.rng.random() < 0.6 else set()  # who has just come may go before anybody knew
        self.changed = set(self.rng.sample(self.everybody, self.rng.randrange(1, 6))) | again
        self.members ^= self.changed
        there = self.shop.there.members[self.shop.list_id()]
        hand = self.rng.choice(self.everybody)
        if self.rng.random() < 0.4 and hand not in there:
            there[hand] = self.shop.there.clock()
            self.by_hand.add(hand)
        self.begun += 3
        self.publish()
        for call in ("POST relationships", "DELETE relationships", "POST events"):
            self.shop.there.lost[call] = int(self.rng.random() < 0.2)

    def publish(self) -> None:
        published = ShopWithSegments()
        for number in range(self.begun):
            profile, at = self.everybody[number % 30], days_ago(10) + timedelta(minutes=number)
            published.conversation(f"c{number}", "resolved", profile_id=profile, at=at)
            published.event(f"c{number}", 0, "conversation_started", event_name=EVENTS["conversation_started"])
        self.shop.publish(*sorted(self.members), shop=published)

    def deliver(self) -> None:
        self.shop.sync(failed=True)
        self.shop.events()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_deliveries_deliver_everything_exactly_once(shop: Delivering, seed: int) -> None:
    happening = Happening(shop, random.Random(seed))
    killed = 0
    for number in range(ROUNDS):
        happening.goes_on()
        lives = happening.rng.randrange(50) if number % 2 else None
        killed += not in_a_child(happening.deliver, lives, after=happening.rng.random() < 0.5)
    in_a_child(happening.deliver, None)
    in_a_child(happening.deliver, None)
    assert killed > ROUNDS / 4
    assert set(shop.listed()) == happening.members | happening.by_hand
    told = shop.there.told()["events"]
    assert (len(told), set(told.values())) == (happening.begun, {1})
