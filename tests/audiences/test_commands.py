"""`agent-metrics segments`: what people read of segments, from the file and from Postgres, as text and as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

import contract
from flows.command.doctor import examine
from flows.command.main import main
from flows.ground.home import Home
from flows.settings import load
from flows.settings.requests import WarehouseRequest
from flows.warehouses.postgres.access import ReaderRole, grants
from tests.audiences.shop import AS_OF, ShopWithSegments, days_ago, segmented_shop, shipped
from tests.gaps.shop import publish_to
from tests.published.shop import Shop
from tests.warehouses import servers

Say = Callable[..., str]
Tell = Callable[..., dict[str, Any]]
KEY = "escalated_7_days"
STEERS = {"\x1b", "\r", "\u202e"}
WRONG = """\
name: Wrong
description: For nobody.
definition:
  condition_groups:
    - conditions:
        - type: profile-metric
          metric: Placed Ordr
          measurement_filter: {type: numeric, operator: equals, value: 0}
"""


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("AGENT_METRICS_", "PG")) or name == "PREFECT_API_URL":
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with servers.wheel() as one:
        yield one


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The file, or a database of its own, with the shop published there."""
    at = "duckdb" if request.param == "duckdb" else servers.fresh(request.getfixturevalue("server"))
    publish_to(Home(tmp_path / "home"), segmented_shop(), at)
    return at


@pytest.fixture
def say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Say:
    """What `segments …` prints; on stderr where the status is not 0."""

    def call(*arguments: str, status: int = 0) -> str:
        capsys.readouterr()
        code = main(["segments", *arguments, "--home", str(tmp_path / "home")])
        told = capsys.readouterr()
        assert (code, "Traceback" in told.err) == (status, False), told.err
        assert not STEERS & set(told.out)
        return told.out if status == 0 else told.err

    return call


@pytest.fixture
def tell(say: Say) -> Tell:
    def call(*arguments: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(say(*arguments, "--json"))
        assert document.pop("exit_status") == 0
        return document

    return call


def test_the_list_has_each_segment_of_each_account(warehouse: str, say: Say, tell: Tell) -> None:
    at = ("--warehouse", warehouse)
    found = tell("list", *at)
    assert [(one["account"], one["segment"], one["member_count"]) for one in found["segments"]] == [
        ("other", KEY, 1),
        ("shop", "chosen", 1),
        ("shop", KEY, 2),
        ("shop", "recommended_not_bought", 2),
    ]
    told = say("list", *at, "--account", "shop")
    lines = {line.split()[1]: line.split()[-8:] for line in told.splitlines() if line.startswith("shop ")}
    assert lines[KEY] == ["2", "1", "1", "–", "1", "2", "2", "2"]
    assert "agent-metrics segments show chosen --home" in told.splitlines()[-1]
    assert "there is no account 'x'" in say("list", *at, "--account", "x", status=2)


def test_a_segment_is_shown_with_its_rule_reach_changes_and_members(warehouse: str, say: Say, tell: Tell) -> None:
    at = ("--warehouse", warehouse)
    told = say("show", KEY, *at, "--account", "shop", "--limit", "1")
    for text in (
        "Rule       Shoppers who had “Conversation with Customer Agent escalated” at least once in the last 7 days.",
        "Members    shop: 2 members, 2 conversations of nobody known; 2 entered and 2 left in 7 days",
        "SMS        1 may be reached, 0 no address, 1 not allowed, 0 consent not known",
        "Held back  1 by an open ticket",
        "2026-06-06T12:00:00Z  left     old of shop, \\x1b[31mOld",
        "Ana@mail.example",
        "1 of 2 members; --limit shows more",
        "agent-metrics segments export escalated_7_days --to escalated_7_days.csv --account shop --home",
    ):
        assert text in told, told
    found = tell("show", KEY, *at)
    assert [one["account"] for one in found["accounts"]] == ["other", "shop"]
    assert [one["profile_id"] for one in found["members"]] == ["ana", "ana", "cmd"]
    assert found["definition"]["condition_groups"][0]["conditions"][0]["timeframe_filter"]["quantity"] == 7
    assert "did you mean escalated_7_days?" in say("show", "escalated", *at, status=2)


def test_a_shopper_is_explained_condition_by_condition(warehouse: str, say: Say, tell: Tell) -> None:
    at = ("--warehouse", warehouse, "--account", "shop")
    told = say("explain", "ana", *at)
    first = "ana of shop: Ana Müller, Ana@mail.example, +5511900000001; as of 2026-06-07 09:00 (America/Sao_Paulo)"
    assert told.splitlines()[0] == first
    for text in (
        "In         Name of escalated_7_days (escalated_7_days), since 2026-06-05 09:00; held back by an open ticket",
        "    yes  had “Conversation with Customer Agent escalated” at least once in the last 7 days",
        "         “Conversation with Customer Agent escalated”: 2 that count, the last on "
        "2026-06-05 09:00, of 2 in all",
        "Not in     chosen (chosen)",
        "    no   have a profile whose email ends with “@vip.example”",
        "         here it is “Ana@mail.example”",
        "    no   or had “Placed Order” at any time, whose values add up to more than 100",
        "         “Placed Order”: 0 that count, 0.00 together, of 0 in all",
        "    yes  may be sent marketing by email",
    ):
        assert text in told.splitlines(), told
    assert [one["is_in"] for one in tell("explain", "ana", *at)["segments"]] == [True, True, False]
    assert "? " in say("explain", "new", *at)
    assert "left on 2026-06-06 09:00" in say("explain", "old", *at)
    (only,) = tell("explain", "old", *at, "--segment", "chosen")["segments"]
    assert (only["is_in"], [[one["holds"] for one in group] for group in only["groups"]]) == (
        True,
        [[True, True], [True]],
    )
    assert "there is no segment 'chose' of shop; did you mean chosen?" in say(
        "explain", "old", *at, "--segment", "chose", status=2
    )
    assert "there is no profile 'x'" in say("explain", "x", *at, status=2)


def test_overlaps_and_moves_are_told(warehouse: str, say: Say, tell: Tell) -> None:
    at = ("--warehouse", warehouse)
    told = say("overlap", *at, "--limit", "1")
    assert told.splitlines()[1].split() == [KEY, "3", "2", "66.7%", "recommended_not_bought", "2", "100.0%"]
    assert "1 of 3 pairs; --limit shows more" in told
    assert [one["shared"] for one in tell("overlap", "chosen", KEY, *at)["pairs"]] == [0]
    assert "one segment overlaps with nothing" in say("overlap", KEY, *at, status=2)
    told = say("diff", KEY, *at)
    assert "since 2026-05-31T12:00:00Z: 3 members as of 2026-06-07T12:00:00Z" in told
    assert "Entered    1 shopper\n    2026-06-05T12:00:00Z  ana of shop, Ana Müller\n" in told
    assert "Both       1 shopper entered and left, and are where they were" in told
    found = tell("diff", KEY, *at, "--since", "2026-05-01")
    assert [one["profile_id"] for one in found["left"]] == ["old", "new"]
    assert "kept for 90 days" in say("diff", KEY, *at, "--since", "2026-01-01")
    both = say("diff", KEY, *at, "--since", "2026-05-01", "--from", "x", status=2)
    assert "option --from: give --since or --from, not both" in both
    assert "there is no publication 'x'" in say("diff", KEY, *at, "--from", "x", status=2)


def test_members_of_several_accounts_are_told_apart(warehouse: str, say: Say) -> None:
    """Members of one account alone were shown, of several that have the segment, and nothing said which account."""
    told = say("show", KEY, "--warehouse", warehouse, "--limit", "1")
    (head,) = [one for one in told.splitlines() if one.startswith("account")]
    assert head.split()[:3] == ["account", "profile", "email"]
    assert "held back by" in head
    assert "since –: already in the segment when it was first built." in say("show", KEY, "--warehouse", warehouse)


def test_what_is_not_measured_is_not_told_as_zero(say: Say, tell: Tell, tmp_path: Path) -> None:
    """A segment that holds nobody back had "0 held back", and one that is new "0 entered"."""
    shop = ShopWithSegments()
    shop.segment("fresh", shipped(KEY), is_suppressing=False, first_built_at=AS_OF)
    shop.segment("young", shipped(KEY), first_built_at=days_ago(2))
    shop.segment("old", shipped(KEY), first_built_at=days_ago(30))
    publish_to(Home(tmp_path / "home"), shop)
    told = say("list")
    cells = {line.split()[1]: line.split()[-8:] for line in told.splitlines() if line.startswith("shop ")}
    assert cells["fresh"] == ["0", "0", "0", "0", "–", "0", "–", "–"]
    assert cells["young"] == ["0", "0", "0", "0", "0", "0", "0", "0"]
    assert "Since      2026-06-07T12:00:00Z, when they were first built: entered and left of fresh" in told
    assert "Since      2026-06-05T12:00:00Z, when they were first built: entered and left of young" in told
    assert "left of old" not in told
    told = say("show", "fresh")
    assert "first built as of 2026-06-07T12:00:00Z, who enters and leaves is known from then on" in told
    assert "Held back  nobody, whoever waits for a person: the definition says so" in told
    told = say("show", "young")
    assert "0 entered and 0 left since it was first built as of 2026-06-05T12:00:00Z" in told
    assert "Held back  nobody\n" in told
    one = next(one for one in tell("list")["segments"] if one["segment"] == "fresh")
    assert (one["held_back"], one["entered_last_7_days"]) == (None, None)
    assert one["first_built_at"] == "2026-06-07T12:00:00Z"
    told = say("diff", "fresh")
    assert "who enters and leaves is known from then on" in told
    assert "Entered" not in told
    told = say("diff", "young")
    assert "first built as of 2026-06-05T12:00:00Z: who entered and left before is not known" in told
    assert "not known" not in say("diff", "young", "--since", "2026-06-06")
    assert tell("diff", "young")["is_whole"] is False


def test_nothing_is_told_of_the_time_after_as_of(warehouse: str, say: Say) -> None:
    told = say("diff", KEY, "--warehouse", warehouse, "--since", "2026-06-08", status=2)
    assert "2026-06-08T00:00:00Z: nothing is known after 2026-06-07T12:00:00Z, which is the as-of" in told


def test_a_segment_that_no_run_has_built_is_not_called_unknown(warehouse: str, say: Say, tmp_path: Path) -> None:
    Path("segments").mkdir()
    right = WRONG.replace("Ordr", "Order")
    for key, text in (("mine", right), ("wrong", WRONG), ("theirs", right + "accounts: [other]\n")):
        Path(f"segments/{key}.yml").write_text(text, "utf-8")
    at = ("--warehouse", warehouse)
    for arguments in (["show"], ["diff"], ["export", "--to", "x.csv"], ["overlap", KEY]):
        told = say(*arguments, "mine", *at, status=2)
        assert "mine.yml: the segment 'mine' is defined, and no run has published it yet; `agent-metrics run`" in told
    assert "is defined, and no run" in say("explain", "old", "--segment", "mine", "--account", "shop", *at, status=2)
    told = say("show", "wrong", *at, status=2)
    assert "there is no segment 'wrong'; its definition is wrong: " in told
    assert "wrong.yml, line 7" in told
    told = say("show", "theirs", "--account", "shop", *at, status=2)
    assert "there is no segment 'theirs' of shop; its definition is for other" in told
    assert "is defined, and no run" in say("show", "theirs", *at, status=2)
    assert "there is no segment 'zzz'; there are" in say("show", "zzz", *at, status=2)


def test_an_export_says_whom_it_leaves_out(
    warehouse: str, say: Say, tell: Tell, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--warehouse", warehouse, "--account", "shop", "--to", "members.csv")
    found = tell("export", KEY, *at)
    assert (found["rows"], found["held_back"], found["file"]) == (1, 1, "members.csv")
    assert "members.csv: is there already; give --force" in say("export", KEY, *at, status=2)
    home = str(tmp_path / "home")
    assert main(["segments", "export", KEY, *at, "--force", "--home", home]) == 0
    told = capsys.readouterr()
    assert "Held back  1 member with an open hand-off or ticket; --with-held-back" in told.err
    assert "Exported   1 member of escalated_7_days, shop" in told.out
    assert "name the account with --account" in say("export", KEY, "--warehouse", warehouse, "--to", "x.csv", status=2)


def test_a_limited_reader_of_postgres_reads_withheld(server: str, say: Say, tell: Tell, tmp_path: Path) -> None:
    url = servers.fresh(server)
    publish_to(Home(tmp_path / "home"), segmented_shop(), url)
    with psycopg.connect(url) as connection:
        connection.execute("drop role if exists limited_marketer")
        connection.execute("create role limited_marketer login; grant usage on schema metrics to limited_marketer")
        for statement in grants(ReaderRole("limited_marketer", is_limited=True), contract.metrics()):
            if "provenance" not in statement:
                connection.execute(statement.encode())
    at = ("--warehouse", url.replace("postgres@", "limited_marketer@"), "--account", "shop")
    told = say("show", KEY, *at)
    assert told.count("withheld") == 6  # address, phone and name of two members
    assert "mail.example" not in told
    assert tell("show", KEY, *at)["withheld"] == ["email", "phone", "name"]
    told = say("explain", "old", *at)
    assert "old of shop: withheld, withheld, withheld; as of" in told
    assert "    ?    have a profile whose email ends with “@vip.example” (withheld)" in told
    assert tell("export", KEY, *at, "--to", "x.csv")["withheld"] == ["email", "phone", "name"]


def test_before_there_were_segments_that_is_said(say: Say, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    assert "nothing is published yet" in say("list", status=2)
    publish_to(home, Shop())
    assert "There are no segments." in say("list")
    assert "There are no two segments." in say("overlap")
    with duckdb.connect(str(home.published_file)) as connection:
        connection.execute("drop table metrics.segment_changes")
    for arguments in (["list"], ["show", KEY], ["explain", "ana"], ["overlap"], ["diff", KEY]):
        assert "comes from a version that knew no segments" in say(*arguments, status=2)


def test_check_names_the_line_of_what_is_wrong(say: Say, capsys: pytest.CaptureFixture[str]) -> None:
    assert "9 of the package" in say("check")
    Path("segments").mkdir()
    Path("segments/mine.yml").write_text(WRONG.replace("Ordr", "Order"), "utf-8")
    assert "mine: Wrong\n    Shoppers who had no “Placed Order” at any time.\n" in say("check")
    Path("segments/wrong.yml").write_text(WRONG, "utf-8")
    assert main(["segments", "check"]) == 2
    told = capsys.readouterr().out
    where = "segments/wrong.yml, line 7: definition.condition_groups.0.conditions.0.metric: "
    assert f"{where}there is no metric 'Placed Ordr'; did you mean 'Placed Order'?" in told
    assert main(["segments", "check", "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["exit_status"], len(document["segments"])) == (2, 10)
    (problem,) = document["problems"]
    assert (Path(problem["file"]).name, problem["line"]) == ("wrong.yml", 7)


def test_check_names_an_account_that_there_is_not(say: Say, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Nobody was ever in such a segment, and nothing said why."""
    Path("segments").mkdir()
    Path("segments/mine.yml").write_text(WRONG.replace("Ordr", "Order") + "accounts:\n  - other\n  - shopp\n", "utf-8")
    assert "there is no account" not in say("check")  # nothing tells which there are
    publish_to(Home(tmp_path / "home"), segmented_shop())
    at = ["--home", str(tmp_path / "home")]
    assert main(["segments", "check", *at]) == 2
    told = capsys.readouterr().out
    assert "segments/mine.yml, line 11: accounts: there is no account 'shopp'; did you mean 'shop'?" in told
    assert "Nobody     is in a segment of an account that is not there (1)" in told
    assert main(["segments", "check", *at, "--json"]) == 2
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem["line"] == 11
    toml = '[[accounts]]\naccount_id = "shopp"\ntimezone = "UTC"\ncurrency = "EUR"\n'
    Path("agent-metrics.toml").write_text(toml, "utf-8")  # it is to come
    assert main(["segments", "check", *at]) == 0
    assert main(["segments", "check"]) == 2
    assert "there is no account 'other'" in capsys.readouterr().out


def test_klaviyo_s_definitions_come_in_and_go_out(say: Say, tell: Tell) -> None:
    metrics = [{"type": "metric", "id": "ABC123", "attributes": {"name": "Conversation with Customer Agent escalated"}}]
    Path("metrics.json").write_text(json.dumps({"data": metrics}), "utf-8")
    out = ("export", KEY, "--format", "klaviyo", "--to", "klaviyo.json")
    assert "Klaviyo's metrics are not given" in say(*out, status=2)
    assert tell(*out, "--metrics", "metrics.json")["file"] == "klaviyo.json"
    assert '"ABC123"' in Path("klaviyo.json").read_text("utf-8")
    assert "is there already" in say(*out, "--metrics", "metrics.json", status=2)
    (one,) = tell("import", "klaviyo.json", "--metrics", "metrics.json")["segments"]
    assert one["refused"] is None
    assert Path(one["file"]).is_file()


def test_the_folder_of_the_settings_is_beside_the_file_and_has_to_exist(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "elsewhere" / "agent-metrics.toml"
    config.parent.mkdir()
    config.write_text('segments = "audiences"', "utf-8")
    assert load(config).segments == tmp_path / "elsewhere" / "audiences"
    assert main(["segments", "check", "--config", str(config)]) == 2
    assert "elsewhere/audiences, which the setting segments names, does not exist" in capsys.readouterr().out


def test_doctor_says_what_is_wrong_with_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.command.doctor.installation", lambda _: iter(()))

    def found() -> list[tuple[str, bool]]:
        findings = examine(WarehouseRequest(home="home"))
        return [(one.outcome, one.is_configuration) for one in findings if one.check == "segments"]

    assert found() == [("ok", False)]
    Path("segments").mkdir()
    Path("segments/wrong.yml").write_text(WRONG, "utf-8")
    assert found() == [("problem", True)]
    Path("agent-metrics.toml").write_text('segments = "nowhere"', "utf-8")
    assert found() == [("warning", False)]  # the package's segments are built all the same
