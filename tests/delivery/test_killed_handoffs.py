"""Hand-offs that are killed at every step: in the end there is one ticket of each, one note in it, one mail at most."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.audiences.shop import AS_OF
from tests.delivery.fake_desk import FakeDesk
from tests.delivery.fake_gorgias_tickets import FakeGorgiasTickets
from tests.delivery.fake_hubspot_tickets import FakeHubspotTickets
from tests.delivery.fake_zendesk_tickets import FakeZendeskTickets
from tests.delivery.handing_over import Handing, settings_of
from tests.delivery.receiver import SECRET, Receiver
from tests.delivery.test_killed_delivery import in_a_child

NAMES = ("ANA", "BEN")
WEBHOOK = """
[[accounts.deliveries.webhooks]]
name = "crm"
url = "{url}/in"
secret = "env:CRM_SECRET"

[accounts.handoffs.web_chat]
method = "ticket"
platform = "klaviyo_inbox"
"""


PLATFORMS: dict[type[FakeDesk], str]
PLATFORMS = {FakeZendeskTickets: "zendesk", FakeGorgiasTickets: "gorgias", FakeHubspotTickets: "hubspot"}


@pytest.fixture(params=list(PLATFORMS), ids=list(PLATFORMS.values()))
def team(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Handing[Any]]:
    with request.param() as there:
        yield Handing(tmp_path, there, monkeypatch)


def prepared(team: Handing[Any]) -> Path:
    """A home with hand-offs that wait for their tickets, to be copied."""
    team.begin()
    for name in NAMES:
        team.accepts(name)
    team.publish()
    kept = team.home.root.with_name("kept")
    shutil.copytree(team.home.root, kept)
    return kept


def anew(team: Handing[Any], kept: Path) -> None:
    shutil.rmtree(team.home.root)
    shutil.copytree(kept, team.home.root)
    for row in team.rows:
        row |= {"created_at": None, "platform": None, "ticket_id": None}


def pulled(team: Handing[Any], platform: str) -> None:
    """What is over there has been pulled and published: these hand-offs have tickets."""
    for row in team.rows:
        for ticket in team.there.tickets_of(f"agent-metrics:shop:{row['conversation_id']}"):
            row |= {"created_at": AS_OF, "platform": platform, "ticket_id": str(ticket.id)}
    team.publish()


@pytest.mark.parametrize(("after", "is_pulled"), [(False, False), (True, True)], ids=["before a step", "after a step"])
def test_killed_at_any_step_each_hand_off_has_one_ticket(team: Handing[Any], after: bool, is_pulled: bool) -> None:
    kept = prepared(team)
    steps = 0
    while True:
        with type(team.there)() as there:
            team.there = there
            team.settings(settings_of(there))
            anew(team, kept)
            ended = in_a_child(team.create, steps, after=after)
            if is_pulled:
                pulled(team, PLATFORMS[type(there)])
            for _ in range(2):
                in_a_child(team.create, None)
            assert team.tickets() == sorted(NAMES), steps
            assert {one[0] for one in team.states().values()} == {"created"}, steps
            assert {one[1] for one in team.states().values()} == {"1", "2"}, steps
            if isinstance(there, FakeZendeskTickets):
                assert all(
                    [one.public for one in ticket.comments] == [True, False] for ticket in there.tickets.values()
                )
                assert len(there.mailed) == len(NAMES), steps
            else:
                assert there.sent == []
        if ended:
            break
        steps += 1
    assert steps >= 12


@pytest.mark.parametrize("after", [False, True], ids=["before a step", "after a step"])
def test_an_event_that_is_sent_again_has_the_same_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    monkeypatch.setenv("CRM_SECRET", f"whsec_{SECRET}")
    with FakeZendeskTickets() as nobody, Receiver() as there:
        team = Handing(tmp_path, nobody, monkeypatch)
        team.settings(WEBHOOK.format(url=there.url))
        kept, steps, repeated = prepared(team), 0, 0
        while True:
            anew(team, kept)
            there.asked.clear()
            ended = in_a_child(team.create, steps, after=after)
            in_a_child(team.create, None)
            ids = Counter(one.headers["webhook-id"] for one in there.asked)
            assert set(ids) == {f"shop/handoff/shop/{name}" for name in NAMES}, steps
            repeated += sum(ids.values()) - len(ids)
            if ended:
                break
            steps += 1
    assert steps >= 6
    assert repeated
