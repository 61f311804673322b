"""`agent-metrics follow-ups`: what people and programs read of follow-ups, from the file and from Postgres."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.command.follow_ups_shown import REASONS as REASONS_SHOWN
from flows.command.follow_ups_shown import STATES as STATES_SHOWN
from flows.command.main import main
from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.published.follow_ups import REASONS, STATES, follow_ups
from flows.warehouses.duckdb import DuckDBFile
from tests.audiences.shop import AS_OF
from tests.gaps.shop import publish_to
from tests.published.shop import Shop
from tests.warehouses import servers

Say = Callable[..., str]


def shop() -> Shop:
    """Follow-ups of the account `shop`, an hour apart, the first one due an hour from as-of; one of `other`."""
    found = Shop()
    rows = (("waits", "waiting", None), ("due \x1b[31m", "due", None), ("sent", "sent", None))
    reasons = (("ordered", "cancelled", "order"), ("older", "cancelled", "newer"), ("old", "cancelled", "order"))
    for hours, (key, state, reason) in enumerate((*rows, *reasons, ("no", "not_reachable", "not_allowed"))):
        due_at = AS_OF + timedelta(hours=1 - hours)
        facts: dict[str, Any] = {"product_ids": "['p2', 'p1']", "recommended_at": due_at - timedelta(hours=2)}
        sent_at = AS_OF if state == "sent" else None
        facts |= {"due_at": due_at, "state": state, "reason": reason, "sent_at": sent_at}
        found.conversation(key)
        found.add("follow_ups", conversation_id=key, profile_id=f"{key}'s", **facts)
    found.conversation("theirs", account_id="other")
    found.add("follow_ups", "other", conversation_id="theirs", profile_id="ana", **{**facts, "reason": "no_address"})
    return found


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with servers.wheel() as one:
        yield one


@pytest.fixture(params=["duckdb", "postgres"])
def say(
    request: pytest.FixtureRequest, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Say:
    """What `follow-ups …` prints; on stderr where the status is not 0."""
    monkeypatch.chdir(tmp_path)
    at = "duckdb" if request.param == "duckdb" else servers.fresh(request.getfixturevalue("server"))
    publish_to(Home(tmp_path / "home"), shop(), at)

    def call(*arguments: str, status: int = 0) -> str:
        capsys.readouterr()
        code = main(["follow-ups", *arguments, "--home", str(tmp_path / "home"), "--warehouse", at])
        told = capsys.readouterr()
        assert (code, "Traceback" in told.err, "\x1b" in told.out) == (status, False, False), told.err
        return told.out if status == 0 else told.err

    return call


def test_follow_ups_are_counted_by_state_and_some_are_listed(say: Say) -> None:
    told = say("list", "--account", "shop", "--limit", "2")
    assert [one.strip() for one in told.splitlines()[:5]] == [
        "1  not due yet",
        "1  to be sent now",
        "1  sent",
        "3  cancelled: 2 an order came, 1 a newer recommendation",
        "1  not reachable: 1 not allowed",
    ]
    rows = [one.split() for one in told.splitlines() if one.startswith("shop ")]
    assert rows[0] == ["shop", "waits", "waits's", "2026-06-07T13:00:00Z", "waiting", "–", "p2,", "p1"]
    assert len(rows) == 2
    assert "Shown      2 of 7 follow-ups; --limit shows more" in told
    assert told.splitlines()[-1] == "As of      2026-06-07T12:00:00Z"
    assert "1 no address, 1 not allowed" in say("list")


def test_programs_read_follow_ups_of_a_state(say: Say) -> None:
    found = json.loads(say("list", "--state", "cancelled", "--json"))
    assert [one["conversation_id"] for one in found["follow_ups"]] == ["ordered", "older", "old"]
    assert {"account": "shop", "state": "cancelled", "reason": "order", "count": 2} in found["counts"]
    (sent,) = json.loads(say("list", "--state", "sent", "--json"))["follow_ups"]
    assert sent == {
        "account": "shop",
        "conversation_id": "sent",
        "profile_id": "sent's",
        "product_ids": ["p2", "p1"],
        "recommended_at": "2026-06-07T09:00:00Z",
        "due_at": "2026-06-07T11:00:00Z",
        "state": "sent",
        "reason": None,
        "sent_at": "2026-06-07T12:00:00Z",
    }
    assert json.loads(say("list", "--account", "other", "--state", "due", "--json"))["follow_ups"] == []


def test_what_there_is_not_is_refused(say: Say) -> None:
    assert "there is no account 'x'" in say("list", "--account", "x", status=2)
    assert "there is no state 'x'; there are: waiting, due, sent, cancelled, not_reachable" in say(
        "list", "--state", "x", status=2
    )


def test_a_publication_of_an_earlier_version_says_so(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    publish_to(home, shop())
    with duckdb.connect(str(home.published_file)) as connection:
        connection.execute("drop table metrics.follow_ups")
    with DuckDBFile(home).read() as reader, pytest.raises(InputError, match="knew no follow-ups"):
        follow_ups(reader)


def test_every_state_and_reason_has_words() -> None:
    assert tuple(STATES_SHOWN) == STATES
    assert tuple(REASONS_SHOWN) == REASONS
