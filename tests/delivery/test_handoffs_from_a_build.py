"""From the rows of a source to a ticket and back: what the rules derive is what becomes of a hand-off (13.6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows import jobs
from flows.command.handing_over import twice
from flows.settings import load
from flows.settings.requests import RunRequest
from tests.conftest import write_rows
from tests.delivery.fake_zendesk_tickets import FakeZendeskTickets
from tests.delivery.handing_over import Handing
from tests.delivery.receiver import SECRET, Receiver

DAY = "2026-06-07T"
STEPS = {  # of each conversation, with their minutes after ten
    "accepts": {"offered": 1, "accepted": 2, "email_provided": 3},
    "no_email": {"offered": 1, "accepted": 2},
    "declines": {"offered": 1, "accepted": 2, "email_provided": 3, "declined": 4},
    "again": {"accepted": 2, "declined": 3, "email_provided": 4, "accepted again": 5},
    "answered": {"accepted": 2, "email_provided": 3, "human_joined": 4},
    "offered": {"offered": 1, "email_provided": 3},
}
Team = Handing[FakeZendeskTickets]


HOOK = """
[[accounts.deliveries.webhooks]]
name = "crm"
url = "{url}/in"
secret = "env:CRM_SECRET"

[accounts.handoffs.web_chat]
method = "{method}"
"""


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    with FakeZendeskTickets() as there:
        yield Handing(tmp_path, there, monkeypatch)


def delivered(folder: Path, **more: list[dict[str, Any]]) -> None:
    """A shop that delivers these conversations, all of them by strangers."""
    of = {"account_id": "shop"}
    conversations, messages, steps = [], [], []
    for name, types in STEPS.items():
        one = {**of, "conversation_id": name}
        conversations.append({**one, "channel": "web_chat", "created_at": f"{DAY}10:00:00Z"})
        said = (("visitor", "Where is my parcel?", "10:00:00"), ("agent", "I do not know.", "10:00:30"))
        messages += [
            {**one, "message_id": f"{name}/{sender}", "sender": sender, "text": text, "sent_at": f"{DAY}{at}Z"}
            for sender, text, at in said
        ]
        steps += [
            {
                **one,
                "handoff_event_id": f"{name}/{kind}",
                "type": kind.partition(" ")[0],
                "occurred_at": f"{DAY}10:{minute:02}:00Z",
                "reason": "shopper_request",
                "email": f"{name}@mail.example" if kind == "email_provided" else None,
            }
            for kind, minute in types.items()
        ]
    tables: dict[str, list[dict[str, Any]]] = {
        "conversations": conversations,
        "messages": messages,
        "handoff_events": steps,
        **more,
    }
    for table, rows in tables.items():
        write_rows(folder / f"{table}.jsonl", rows)


def test_what_is_derived_becomes_a_ticket_and_the_ticket_comes_back(team: Team, tmp_path: Path) -> None:
    delivered(tmp_path / "shop")
    places = {"home": str(team.home.root), "config": str(team.config), "path": str(tmp_path / "shop")}
    team.begin()
    assert jobs.run(RunRequest(**places, as_of=f"{DAY}12:00:00Z")).outcome == "published"
    assert team.figures() == {"created": 2, "waiting_for_an_email": 1}
    assert team.tickets() == ["accepts", "again"]
    (ticket,) = team.there.tickets_of("agent-metrics:shop:accepts")
    assert ticket.requester == "accepts@mail.example"
    assert "[10:00] AI agent: I do not know." in ticket.comments[1].body
    pulled = {
        "account_id": "shop",
        "ticket_id": str(ticket.id),
        "platform": "zendesk",
        "conversation_id": "accepts",
        "status": "new",
        "created_at": f"{DAY}12:01:00Z",
    }
    delivered(tmp_path / "shop", tickets=[pulled])
    assert jobs.run(RunRequest(**places, as_of=f"{DAY}13:00:00Z")).outcome == "published"
    assert team.figures() == {"waiting_for_an_email": 1}
    assert len(team.there.tickets) == 2
    settings = load(team.config, {"home": str(team.home.root)})
    assert list(twice(settings, settings.accounts)) == []
    with duckdb.connect(str(team.home.published_file), read_only=True) as connection:
        found = "select outcome, platform, ticket_id from metrics.handoffs where conversation_id = 'accepts'"
        assert connection.execute(found).fetchall() == [("waiting", "zendesk", str(ticket.id))]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("CRM_SECRET", f"whsec_{SECRET}")
    with Receiver() as there:
        yield there


INBOX = 'ticket"\nplatform = "klaviyo_inbox'
MESSAGE = 'message"\ntext = "Somebody will write to you.'


@pytest.mark.parametrize(("method", "platform"), [(INBOX, "klaviyo_inbox"), (MESSAGE, None)])
def test_what_went_as_an_event_is_known_to_the_next_build(
    team: Team, receiver: Receiver, tmp_path: Path, method: str, platform: str | None
) -> None:
    """Such a hand-off stayed lost for ever, in figures and in the list of those who wait."""
    team.settings(HOOK.format(url=receiver.url, method=method))
    delivered(tmp_path / "shop")
    places = {"home": str(team.home.root), "config": str(team.config), "path": str(tmp_path / "shop")}
    team.begin()
    ledger = team.home.deliveries.read_bytes()
    assert jobs.run(RunRequest(**places, as_of=f"{DAY}12:00:00Z")).outcome == "published"
    assert outcome(team) == ("waiting", None, None)
    assert team.figures() == {"created": 2, "waiting_for_an_email": 1}
    now = {"as_of": (datetime.now(UTC) + timedelta(seconds=1)).isoformat()}
    assert jobs.run(RunRequest(**places, **now)).outcome == "published"
    assert outcome(team) == ("not_known", platform, True if platform else None)
    assert outcome(team, "no_email")[0] == "no_person"
    assert jobs.run(RunRequest(**places, **now)).outcome == "nothing_new"

    sent = team.home.deliveries.read_bytes()
    team.home.deliveries.write_bytes(b"no ledger" * 100)
    result = jobs.run(RunRequest(**places, **now, full_refresh=True))
    assert result.build
    assert "the ledger cannot be read" in " ".join(result.build.segment_problems)
    assert outcome(team) == ("not_known", platform, True if platform else None)

    team.home.deliveries.write_bytes(ledger)  # a backup of before
    assert jobs.run(RunRequest(**places, **now)).outcome == "published"
    assert outcome(team) == ("lost", None, None)
    team.home.deliveries.write_bytes(sent)
    assert jobs.run(RunRequest(**places, **now)).outcome == "published"
    assert outcome(team) == ("not_known", platform, True if platform else None)


def outcome(team: Team, conversation: str = "accepts") -> tuple[str, str | None, bool | None]:
    """Outcome and platform of a hand-off, and whether it has a ticket; None where it has none."""
    with duckdb.connect(str(team.home.published_file), read_only=True) as connection:
        found = f"""select outcome, platform, nullif(created_at is not null, false) from metrics.handoffs
        where conversation_id = '{conversation}'"""
        ((what, platform, is_there),) = connection.execute(found).fetchall()
    return what, platform, is_there
