"""Tickets for those who were promised a person: none is missing, and none is there twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.command.delivering import delivering, switched_off
from flows.command.handing_over import twice, unheard
from flows.delivery.handoffs.book import Book, entries
from flows.delivery.handoffs.wanted import Handoff
from flows.delivery.health import health
from flows.delivery.ledger import Ledger, stamp
from flows.ground.errors import HomeBusy
from flows.settings import Settings, load
from tests.audiences.shop import AS_OF
from tests.delivery.fake_desk import Fate
from tests.delivery.fake_zendesk_tickets import FakeZendeskTickets
from tests.delivery.handing_over import ACCEPTED_AT, SINCE, ZENDESK, Handing

Team = Handing[FakeZendeskTickets]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    with FakeZendeskTickets() as there:
        yield Handing(tmp_path, there, monkeypatch)


def loaded(team: Team) -> Settings:
    return load(team.config, {"home": str(team.home.root)})


def test_who_accepted_gets_one_ticket_with_the_whole_conversation(team: Team) -> None:
    team.begin()
    team.config.write_text(f'[dashboard]\nurl = "https://page.example/"\n{team.config.read_text()}')
    team.shop.product("p1", "Shirt", "https://shop.example/shirt")
    team.accepts("ANA", tag="Order status")
    team.publish()
    assert team.figures() == {"created": 1}
    (ticket,) = team.there.tickets.values()
    assert (ticket.external_id, ticket.requester) == ("agent-metrics:shop:ANA", "ana@mail.example")
    assert ticket.subject == "Where is the parcel of ANA?"
    public, note = ticket.comments
    assert (public.public, public.body) == (True, "Where is the parcel of ANA?")
    assert not note.public
    for said in (
        "Shopper: Name of ANA (ana@mail.example), waiting for a person since 2026-06-07 08:00 (America/Sao_Paulo)",
        "Tag: Order status",
        "Reason: shopper request",
        "• Shirt https://shop.example/shirt",
        "https://page.example/?account=shop&conversation=ANA",
        "[07:51] Shopper: Where is the parcel of ANA?",
        "[07:52] AI agent: I do not know, { {ticket.id} }",
    ):
        assert said in note.body
    assert team.figures() == {}
    assert team.states() == {"ANA": ("created", "1", None)}


def test_only_who_waits_for_a_person_gets_a_ticket(team: Team) -> None:
    team.begin()
    team.accepts("ANA")
    team.accepts("LOST", outcome="lost")
    team.accepts("DECLINED", outcome="declined", declined_at=AS_OF)
    team.accepts("ANSWERED", outcome="answered", replied_at=AS_OF)
    team.accepts("HAS", outcome="not_known", created_at=AS_OF, platform="klaviyo_inbox")
    team.accepts("WAITS", created_at=AS_OF, platform="zendesk", ticket_id="9")
    team.accepts("SMS", channel="sms")
    team.accepts("BEFORE", at=SINCE - timedelta(seconds=1))
    team.has("OFFERED", channel="web_chat", email="o@mail.example", outcome="waiting", began_at=ACCEPTED_AT)
    team.publish()
    assert team.figures() == {"created": 2}
    assert team.tickets() == ["ANA", "LOST"]


def test_who_has_given_no_email_waits_and_is_listed(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    team.begin()
    team.accepts("ANA", email=None, outcome="no_person")
    team.accepts("BEN", email=None, at=ACCEPTED_AT + timedelta(minutes=1))
    team.publish()
    assert team.figures() == {"waiting_for_an_email": 2}
    assert team.say("list", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["conversation_id"], one["state"]) for one in told["handoffs"]] == [
        ("ANA", "no_email"),
        ("BEN", "no_email"),
    ]
    assert told["oldest_waiting_at"] == "2026-06-07T11:00:00Z"
    assert (told["counts"]["no_email"], told["counts"]["created"]) == (2, 0)
    team.rows[1] |= {"email": "ben@mail.example"}
    team.publish()
    assert team.figures() == {"created": 1, "waiting_for_an_email": 1}
    assert team.tickets() == ["BEN"]


def test_what_was_accepted_before_it_was_switched_on_is_history(team: Team) -> None:
    team.accepts("ANA")
    team.publish()
    (done,) = team.create(dry_run=True).delivered
    assert (done.outcome, done.figures["planned"]) == ("planned", 0)
    (done,) = team.create().delivered
    assert (done.outcome, done.figures["created"]) == ("nothing_new", 0)
    assert "accepted after 2026-06-07T12:00:00Z, as this is the first time" in str(done.hint)
    team.accepts("BEN", at=AS_OF + timedelta(minutes=1))
    team.publish()
    assert team.figures() == {"created": 1}
    assert team.tickets() == ["BEN"]


def test_a_hand_off_of_more_than_a_week_ago_gets_no_ticket(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.begin()
    team.accepts("ANA")
    team.publish()
    monkeypatch.setattr("flows.delivery.handoffs.wanted.REACH", timedelta(days=7))
    assert team.figures() == {}
    assert team.there.asked == []


def test_a_dry_run_asks_nobody_and_changes_nothing(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    team.begin()
    team.accepts("ANA")
    team.publish()
    assert team.say("create", "--dry-run") == 0
    said = capsys.readouterr().out
    assert "ANA (web_chat), ana@mail.example" in said
    assert "this was a dry run" in said
    assert (team.there.asked, team.states()) == ([], {})
    assert team.say("list", "--json") == 0
    assert json.loads(capsys.readouterr().out)["counts"]["next"] == 1


def test_a_limit_leaves_the_rest_for_the_next_run(team: Team) -> None:
    team.begin()
    for number in range(5):
        team.accepts(f"P{number}", at=ACCEPTED_AT + timedelta(minutes=number))
    team.publish()
    assert team.figures(limit=2) == {"created": 2}
    assert team.tickets() == ["P0", "P1"]
    assert team.figures() == {"created": 3}


def test_a_run_with_nothing_to_create_reads_no_hand_off(team: Team) -> None:
    team.begin()
    team.accepts("ANA")
    team.publish()
    team.create()
    calls = len(team.there.asked)
    with duckdb.connect(str(team.home.published_file)) as connection:
        connection.execute("drop table metrics.handoffs")
    (done,) = team.create().delivered
    assert (done.outcome, done.exit_status, len(team.there.asked)) == ("nothing_new", 0, calls)


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        ({"replied_at": AS_OF, "outcome": "answered"}, "a person has replied"),
        ({"created_at": AS_OF, "platform": "gorgias", "ticket_id": "7"}, "a ticket is there already (gorgias 7)"),
        ({"declined_at": AS_OF, "outcome": "declined"}, "the shopper declined"),
        ({"accepted_at": None}, "it is not a hand-off any more"),
    ],
)
def test_what_nobody_wants_any_more_when_its_turn_comes_is_dropped(
    team: Team, meanwhile: dict[str, object], why: str
) -> None:
    team.begin()
    team.accepts("ANA")
    team.publish()
    team.there.fate = lambda asked: Fate.CUT if asked.path.startswith("/api") else Fate.DONE
    assert team.create().exit_status == 5
    team.there.fate = lambda asked: Fate.DONE
    team.rows[0] |= meanwhile
    team.publish()
    team.later()
    assert team.figures() == {"dropped": 1}
    assert team.states()["ANA"] == ("dropped", None, why)
    assert team.there.tickets == {}


def test_a_ticket_that_was_made_and_not_noted_is_found_whatever_came_meanwhile(team: Team) -> None:
    """It was made, its answer was lost, and the source has pulled it by now: it is ours, and no other one."""
    team.begin()
    team.accepts("ANA")
    team.publish()
    with Ledger(team.home.deliveries) as ledger:
        one = Handoff("shop", "ANA", "web_chat", None, None, None, None, ACCEPTED_AT, None, None, "waiting", None, None)
        Book(ledger, "shop").start(one, "zendesk", "ticket")
    team.there.add("agent-metrics:shop:ANA", "ana@mail.example")
    team.rows[0] |= {"created_at": AS_OF, "platform": "zendesk", "ticket_id": "1"}
    team.publish()
    assert team.figures() == {"found_there": 1}
    assert team.states() == {"ANA": ("created", "1", None)}
    (ticket,) = team.there.tickets.values()
    assert [one.public for one in ticket.comments] == [False]  # the conversation was not in it yet


def test_what_is_refused_is_kept_with_its_reason_until_it_is_tried_again(
    team: Team, capsys: pytest.CaptureFixture[str]
) -> None:
    team.begin()
    team.accepts("ANA")
    team.accepts("BEN")
    team.publish()
    team.there.suspended = {"ana@mail.example"}
    done = team.create()
    assert (done.exit_status, done.delivered[0].figures["created"]) == (5, 1)
    assert team.create().delivered[0].outcome == "nothing_new"
    team.publish()
    assert team.figures() == {}  # also of a new publication
    assert team.say("list", "--state", "refused", "--json") == 0
    (one,) = json.loads(capsys.readouterr().out)["handoffs"]
    assert (one["conversation_id"], one["destination"]) == ("ANA", "zendesk")
    assert "suspended" in one["reason"]
    assert team.say("show", "ANA") == 0
    said = capsys.readouterr().out
    assert "suspended" in said
    assert "Shopper: Where is the parcel of ANA?" in said
    (found,) = health(loaded(team).accounts, team.home.deliveries)
    assert (found.kind, found.refused, found.waiting) == ("handoff", 1, 0)
    assert {"1 hand-off refused", "the oldest hand-off waits for its ticket since 2026-06-07T11:00:00Z"} <= {
        str(one) for one in found.concerns
    }
    assert team.say("retry", "NOBODY") == 2
    capsys.readouterr()
    team.there.suspended = set()
    assert team.say("retry", "ANA") == 0
    assert "1 hand-off goes again" in capsys.readouterr().out
    assert team.say("create") == 0
    assert team.tickets() == ["ANA", "BEN"]
    assert "Delivered" in capsys.readouterr().out
    (found,) = health(loaded(team).accounts, team.home.deliveries)
    assert found.concerns == ()


@pytest.mark.parametrize("how", ["retry", "retry one", "failed"])
def test_who_waits_for_the_next_try_goes_at_once_when_the_reason_is_mended(team: Team, how: str) -> None:
    """Credentials were wrong for half a day: the next try was hours away, and nothing brought it nearer."""
    team.begin()
    team.accepts("ANA")
    team.publish()
    team.there.may_write = False
    team.create()
    team.there.may_write = True
    assert team.figures() == {"waiting": 1}
    if how == "failed":
        assert team.figures(failed=True) == {"created": 1}
        return
    assert team.say("retry", *(["ANA"] if how == "retry one" else [])) == 0
    assert team.figures() == {"created": 1}
    assert team.say("retry", "ANA") == 2


def test_an_account_that_the_settings_do_not_have_is_named(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    """`retry` found nothing to do there, and `create` asked for a delivery."""
    team.publish()
    for verb in ("create", "list", "retry"):
        assert team.say(verb, "--account", "shpo") == 2
        assert "the settings have no account 'shpo'; correct its id" in capsys.readouterr().err


def test_a_schedule_that_stands_still_is_noticed_while_people_wait(team: Team) -> None:
    """Whoever accepted since its last run stands in no ledger, and three days of silence were nothing to look at."""
    team.begin()
    team.publish()
    team.create()
    for minutes, concerns in ((50, 0), (70, 1)):
        with Ledger(team.home.deliveries) as ledger:
            ledger.run("update runs set ended_at = ?", stamp(datetime.now(UTC) - timedelta(minutes=minutes)))
        (found,) = health(loaded(team).accounts, team.home.deliveries)
        assert len(found.concerns) == concerns
    assert str(found.concerns[0]).startswith("no delivery went well since")


def test_failed_tries_those_again_that_were_refused(team: Team) -> None:
    team.begin()
    team.accepts("ANA")
    team.publish()
    team.there.suspended = {"ana@mail.example"}
    assert team.create().exit_status == 5
    assert team.create(failed=True).exit_status == 5
    team.there.suspended = set()
    assert team.figures(failed=True) == {"created": 1}


def test_who_was_refused_and_got_a_reply_is_dropped(team: Team) -> None:
    team.begin()
    team.accepts("ANA")
    team.publish()
    team.there.suspended = {"ana@mail.example"}
    team.create()
    team.rows[0] |= {"replied_at": AS_OF, "outcome": "answered"}
    team.publish()
    assert team.figures() == {"dropped": 1}
    assert team.states()["ANA"][0] == "dropped"


def test_what_does_not_answer_waits_and_is_refused_after_days(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.begin()
    for number in range(5):
        team.accepts(f"P{number}", at=ACCEPTED_AT + timedelta(minutes=number))
    team.publish()
    team.there.fate = lambda asked: Fate.CUT if asked.path.startswith("/api") else Fate.DONE
    done = team.create()
    assert (done.exit_status, done.delivered[0].figures["waiting"]) == (5, 3)  # after three the helpdesk is left alone
    team.there.fate = lambda asked: Fate.DONE
    assert team.figures() == {"created": 2, "waiting": 3}
    monkeypatch.setattr("flows.delivery.handoffs.book.DELAYS", ())
    team.later()
    team.there.fate = lambda asked: Fate.CUT if asked.path.startswith("/api") else Fate.DONE
    assert sum(team.create().delivered[0].refused.values()) == 3
    assert {one[0] for one in team.states().values()} == {"created", "refused"}
    assert "(2 tries)" in str(team.states()["P0"][2])


def test_a_right_that_is_missing_can_be_mended(team: Team) -> None:
    team.begin()
    team.accepts("ANA")
    team.publish()
    team.there.may_write = False
    assert team.create().exit_status == 5
    assert team.states()["ANA"][0] == "waiting"
    team.there.may_write = True
    team.later()
    assert team.figures() == {"created": 1}


def test_a_channel_that_goes_elsewhere_leaves_nothing_waiting(team: Team) -> None:
    team.begin()
    team.accepts("ANA")
    team.publish()
    team.there.fate = lambda asked: Fate.CUT if asked.path.startswith("/api") else Fate.DONE
    team.create()
    team.there.fate = lambda asked: Fate.DONE
    team.config.write_text(team.config.read_text().replace("handoffs.web_chat", "handoffs.sms"))
    team.later()
    assert team.figures() == {"dropped": 1}


def test_doctor_asks_the_helpdesk_and_warns_of_two_tickets(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    team.begin()
    team.accepts("ANA")
    team.accepts("BEN")
    team.publish()
    team.create()
    found = list(delivering(loaded(team)))
    assert [one.outcome for one in found] == ["ok"]
    assert "zendesk of shop: " in found[0].what
    for ticket in ("1", "99"):
        facts: dict[str, Any] = {
            "conversation_id": "ANA",
            "status": "open",
            "created_at": ACCEPTED_AT,
            "created_on": ACCEPTED_AT.date(),
        }
        team.shop.add("tickets", platform="zendesk", ticket_id=ticket, **facts)
        team.publish()
        warned = list(twice(loaded(team), loaded(team).accounts))
        assert [one.outcome for one in warned] == ([] if ticket == "1" else ["warning"])
    assert "1 conversation of shop with a ticket of ours and another: ANA" in warned[0].what
    monkeypatch.delenv("ZENDESK_TICKETS_CLIENT_SECRET")
    (problem,) = [one for one in delivering(loaded(team)) if one.outcome == "problem"]
    assert "ZENDESK_TICKETS_CLIENT_SECRET is not set" in problem.what
    assert problem.is_configuration
    done = team.create(failed=True)
    assert done.exit_status == 0  # nothing is to be made
    assert switched_off(loaded(team)) == {"segments", "events", "follow_ups"}


def test_doctor_names_a_channel_on_which_nobody_ever_wrote(team: Team) -> None:
    """A misspelled channel was taken, and hand-offs of the real one became nothing without a word."""
    team.accepts("ANA")
    assert not list(unheard(loaded(team), loaded(team).accounts))  # before anything is published
    team.publish()
    assert not list(unheard(loaded(team), loaded(team).accounts))
    team.config.write_text(team.config.read_text().replace("handoffs.web_chat", "handoffs.webchat"))
    warned = [one for one in delivering(loaded(team)) if one.outcome == "warning"]
    assert "shop has no conversation on webchat" in warned[0].what
    assert "its channels are web_chat" in str(warned[0].remedy)


def test_without_settings_nothing_is_made(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    team.accepts("ANA")
    team.publish()
    team.settings("")
    assert team.say("create") == 2
    assert "nothing becomes of hand-offs" in capsys.readouterr().err
    assert "handoffs" in switched_off(loaded(team))
    assert not team.home.deliveries.exists()
    assert team.say("list") == 0
    assert team.say("show", "ANA") == 2
    team.settings(ZENDESK.format(url=team.there.url).replace('"ticket"', '"none"').replace('platform = "zendesk"', ""))
    assert team.say("create") == 2


def test_a_publication_that_knows_no_hand_offs_says_so(team: Team) -> None:
    team.begin()
    team.publish()
    with duckdb.connect(str(team.home.published_file)) as connection:
        connection.execute("drop table metrics.handoffs")
    (done,) = team.create().delivered
    assert (done.exit_status, "knew no hand-offs" in str(done.error)) == (2, True)


def test_the_ledger_keeps_no_text_of_anybody(team: Team) -> None:
    team.begin()
    team.accepts("ANA")
    team.publish()
    team.create()
    with team.ledger() as ledger:
        assert len(entries(ledger)) == 1
    kept = team.home.deliveries.read_bytes()
    assert b"parcel" not in kept
    assert b"mail.example" not in kept


def test_a_sync_of_segments_that_takes_hours_keeps_no_hand_off_waiting(team: Team) -> None:
    """They held one lock, so who waited in a chat waited for the newsletter's list."""
    team.begin()
    team.accepts("ANA")
    team.publish()
    with team.home.delivering():
        assert team.figures() == {"created": 1}
        assert team.say("retry") == 0
    with team.home.handing_over(), pytest.raises(HomeBusy, match="another run of hand-offs"):
        team.create()
