"""Events for other systems: a flow that fires for the past, or twice, writes to people who should not be written to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.command.main import main
from flows.delivery import outbox
from flows.delivery.ledger import Ledger
from flows.delivery.outbox import Outbox
from flows.jobs.deliveries import Deliveries
from flows.published.events import EVENTS
from tests.audiences.shop import ShopWithSegments, days_ago
from tests.delivery.delivered import SEGMENT, Delivering
from tests.delivery.receiver import SECRET, Receiver, hook

RESOLVED = "conversation_resolved"


def happened(
    *events: tuple[str, str, datetime], agent: str = "intercom", profile: str | None = "ANA"
) -> ShopWithSegments:
    shop = ShopWithSegments()
    for conversation, event, at in events:
        if not any(one["conversation_id"] == conversation for one in shop.rows["conversations"]):
            shop.conversation(conversation, "resolved", profile_id=profile, agent=agent, at=days_ago(9))
        name = f"{conversation}/{event}"
        shop.event(conversation, 0, event, event_id=name, event_name=EVENTS[event], occurred_at=at, tag="shipping")
    return shop


def begin(shop: Delivering, destination: str, kind: Any = "event") -> None:
    """The destination is there for five days."""
    shop.home.root.mkdir(exist_ok=True)
    with Ledger(shop.home.deliveries) as ledger:
        of = SEGMENT if kind == "segment_change" else None
        Outbox(ledger, "shop", destination, kind, of).begin(days_ago(5))


def of(done: Deliveries, destination: str) -> dict[str, int]:
    (found,) = [one.figures for one in done.delivered if one.destination == destination]
    return found


def test_a_destination_gets_what_happens_from_its_first_send_on(shop: Delivering) -> None:
    shop.settings(klaviyo="events = true\n")
    shop.know("ANA")
    shop.publish("ANA", shop=happened(("c1", RESOLVED, days_ago(6))))
    assert of(shop.events(), "klaviyo")["sent"] == 0
    assert of(shop.events(dry_run=True, backfill=True), "klaviyo") == {"planned": 1}
    assert of(shop.events(backfill=True), "klaviyo")["sent"] == 1
    (event,) = shop.there.events
    assert (event.is_backfill, event.metric, event.at) == (True, EVENTS[RESOLVED], days_ago(6))
    assert of(shop.events(backfill=True), "klaviyo")["sent"] == 0


def test_an_event_is_sent_once_and_starts_something_only_within_a_day(
    shop: Delivering, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.settings(klaviyo="events = true\n")
    shop.know("ANA")
    begin(shop, "klaviyo")
    shop.publish("ANA", shop=happened(("c1", "conversation_started", days_ago(6)), ("c1", RESOLVED, days_ago(2))))
    assert of(shop.events(), "klaviyo")["sent"] == 1
    assert [one.is_backfill for one in shop.there.events] == [True]  # it is months old by now
    monkeypatch.setattr("flows.delivery.messages.FRESH", timedelta(days=10_000))
    shop.publish("ANA", shop=happened(("c1", RESOLVED, days_ago(2)), ("c2", RESOLVED, days_ago(1))))
    assert of(shop.events(), "klaviyo")["sent"] == 1
    assert [one.is_backfill for one in shop.there.events] == [True, False]
    assert shop.there.events[1].properties["Tags"] == "shipping"
    assert shop.there.events[1].properties["Sent by"] == "customer-agent-metrics"
    calls = shop.there.calls["POST events"]
    shop.events()
    assert shop.there.calls["POST events"] == calls == 2


def test_a_conversation_that_is_resolved_again_is_a_second_event(shop: Delivering) -> None:
    shop.settings(klaviyo="events = true\n")
    shop.know("ANA")
    begin(shop, "klaviyo")
    for days in (4, 3, 3, 1):
        shop.publish(
            "ANA", shop=happened(("c1", RESOLVED, days_ago(days)), ("c1", "conversation_started", days_ago(4)))
        )
        shop.events()
    shop.publish("ANA", shop=happened(("c1", RESOLVED, days_ago(2)), ("c1", "conversation_started", days_ago(1))))
    shop.events()  # earlier than before: it was corrected, and not resolved again
    told = sorted(unique for _, unique in shop.there.told()["events"])
    assert told == [
        "c1/conversation_resolved",
        "c1/conversation_resolved#2",
        "c1/conversation_resolved#3",
        "c1/conversation_started",
    ]


def test_klaviyo_gets_no_events_of_its_own_agent_and_nobody_gets_those_of_strangers(
    shop: Delivering, receiver: Receiver
) -> None:
    shop.settings(hook(receiver), klaviyo="segments = []\nevents = true\n")
    shop.know("ANA")
    for destination in ("klaviyo", "webhook:crm"):
        begin(shop, destination)
    shop.publish("ANA", shop=happened(("c1", RESOLVED, days_ago(2)), agent="klaviyo"))
    done = shop.events()
    assert (of(done, "klaviyo")["known_there"], of(done, "klaviyo")["sent"], of(done, "webhook:crm")["sent"]) == (
        1,
        0,
        1,
    )
    shop.publish("ANA", shop=happened(("c2", RESOLVED, days_ago(2)), profile=None))
    done = shop.events()
    assert (of(done, "klaviyo")["sent"], of(done, "webhook:crm")["sent"]) == (0, 0)


def test_a_webhook_gets_who_came_and_went_signed(shop: Delivering, receiver: Receiver) -> None:
    begin(shop, "webhook:crm", "segment_change")
    published = ShopWithSegments()
    published.change(SEGMENT, "ANA", "entered", days_ago(2))
    published.change(SEGMENT, "BEN", "left", days_ago(1))
    published.change(SEGMENT, "OLD", "entered", days_ago(6))
    published.change("other", "ANA", "entered", days_ago(1))
    published.profile("BEN", email="ben@mail.example", phone="+551")
    shop.publish("ANA", shop=published)
    assert of(shop.sync(), "webhook:crm")["sent"] == 2
    entered, left = receiver.documents()
    assert (entered["type"], entered["timestamp"]) == ("segment.changed", "2026-06-05T12:00:00.000000Z")
    assert {name: left["data"][name] for name in ("profile_id", "email", "phone", "segment", "change")} == {
        "profile_id": "BEN", "email": "ben@mail.example", "phone": "+551", "segment": SEGMENT, "change": "left",
    }  # fmt: skip
    assert left["data"]["segment_name"] == f"Name of {SEGMENT}"
    asked = receiver.asked[0]
    signed = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    key = b"a secret of thirty-two characters"
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert asked.headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(asked.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    shop.sync()
    assert len(receiver.asked) == 2


@pytest.mark.parametrize("status", [302, 400, 404, 410])
def test_what_is_refused_is_kept_with_its_reason_until_it_is_replayed(
    shop: Delivering, receiver: Receiver, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(shop, "webhook:crm")
    shop.publish("ANA", shop=happened(("c1", RESOLVED, days_ago(2)), ("c2", RESOLVED, days_ago(1))))
    receiver.answers = [status]
    done = shop.events()
    assert (done.exit_status, of(done, "webhook:crm")["sent"]) == (5, 1)
    shop.events()
    assert len(receiver.asked) == 2  # a redirect is not followed, a dead message is not sent again
    where = ["--home", str(shop.home.root), "--config", str(shop.config)]
    assert main(["deliveries", "failed", *where, "--json"]) == 0
    (dead,) = json.loads(capsys.readouterr().out)["messages"]
    assert f"answers {status}" in dead["reason"]
    assert dead["message"]["email"] == "ana@mail.example"
    assert main(["deliveries", "replay", "nothing", *where]) == 2
    assert main(["deliveries", "replay", *where]) == 0
    assert "1 message goes again" in capsys.readouterr().out
    shop.publish(
        "ANA",
        shop=happened(("c1", RESOLVED, days_ago(2)), ("c2", RESOLVED, days_ago(1)), ("c3", RESOLVED, days_ago(1))),
    )
    assert of(shop.events(), "webhook:crm")["sent"] == 2  # what came meanwhile is not lost
    ids = [one.headers["webhook-id"] for one in receiver.asked]
    assert ids == [f"shop/{name}/{RESOLVED}" for name in ("c1", "c2", "c1", "c3")]
    assert main(["deliveries", "failed", *where]) == 0
    assert "No message was refused." in capsys.readouterr().out
    with shop.ledger() as ledger:  # contents stay only until they have arrived
        assert ledger.rows("select message_id from messages where body is not null") == []


def test_what_does_not_answer_waits_and_is_given_up_after_days(
    shop: Delivering, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(shop, "webhook:crm")
    shop.publish("ANA", shop=happened(*((f"c{number}", RESOLVED, days_ago(2)) for number in range(9))))
    receiver.answers = [503, 429, 408]
    done = shop.events()
    assert (done.exit_status, of(done, "webhook:crm")) == (5, {"sent": 0, "waiting": 9, "dropped": 0})
    assert len(receiver.asked) == 3  # after three failures in a row it is left alone
    assert of(shop.events(), "webhook:crm")["sent"] == 6  # the three wait
    monkeypatch.setattr(outbox, "DELAYS", (timedelta(),) * 2)
    with Ledger(shop.home.deliveries) as ledger:
        ledger.run("update messages set next_try_at = changed_at where state = 'waiting'")
    receiver.answers = [500]
    assert of(shop.events(), "webhook:crm") == {"sent": 2, "waiting": 1, "dropped": 0}
    receiver.answers = [500]
    done = shop.events()
    assert (of(done, "webhook:crm")["waiting"], done.delivered[0].refused) == (0, {"the webhook crm answers 500": 1})
    assert main(["deliveries", "list", "--home", str(shop.home.root), "--config", str(shop.config)]) == 0


def test_secrets_stay_out_of_ledger_errors_and_settings(
    shop: Delivering, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begin(shop, "webhook:crm")
    shop.publish("ANA", shop=happened(("c1", RESOLVED, days_ago(2))))
    receiver.answers = [400]
    shop.events()
    assert SECRET.encode() not in shop.home.deliveries.read_bytes()
    assert shop.home.deliveries.stat().st_mode & 0o077 == 0
    for secret, says in (("tiny-one", "too short"), ("whsec_***", "not base64")):
        monkeypatch.setenv("CRM_SECRET", secret)
        shop.publish("ANA", shop=happened(("c2", RESOLVED, days_ago(2))))
        done = shop.events()
        assert (done.exit_status, says in (done.delivered[0].error or "")) == (2, True)
        assert secret not in json.dumps(done.to_json_dict())
    text = shop.config.read_text().replace("http://127.0.0.1", "http://crm.example")
    shop.config.write_text(text)
    assert main(["events", "send", "--config", str(shop.config)]) == 2
    assert "over https alone" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_folder_of_a_day_has_its_events_and_members(shop: Delivering, tmp_path: Path, kind: str) -> None:
    lines = ("[accounts.deliveries.folder]", f'path = "{tmp_path}/out"', f'format = "{kind}"', "events = true")
    folder = "\n".join((*lines, f'segments = ["{SEGMENT}"]', ""))
    shop.settings(folder, klaviyo="segments = []\n")
    events = happened(("c1", RESOLVED, days_ago(2)), ("c2", RESOLVED, days_ago(0.1)), ("c3", RESOLVED, days_ago(30)))
    shop.publish("ANA", "BEN", held_back=["BEN"], shop=events)
    assert shop.sync().exit_status == 0
    done = shop.events()
    assert done.delivered[0].figures == {"files": 7, "rows": 2}
    out = tmp_path / "out"
    assert len(list(out.rglob(f"*.{kind}"))) == 8
    read = f"select * from '{out}/2026-06-07/shop/segments/{SEGMENT}.{kind}'"
    assert duckdb.sql(f"select profile_id from ({read})").fetchall() == [("ANA",)]
    counted = {
        day: duckdb.sql(f"select count(*) from '{out}/2026-06-{day}/shop/agent_events.{kind}'").fetchall()[0][0]
        for day in ("05", "06", "07")
    }
    assert counted == {"05": 1, "06": 0, "07": 1}
    assert [one.outcome for one in (*shop.sync().delivered, *shop.events().delivered)] == ["nothing_new"] * 2
    (out / "2026-06-05" / "shop" / f"agent_events.{kind}").unlink()
    assert shop.events().delivered[0].outcome == "delivered"
    assert not [file for file in out.rglob("*") if file.is_file() and file.stat().st_mode & 0o077]
