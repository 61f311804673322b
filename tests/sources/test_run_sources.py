"""The main job on sources over HTTP: several of them, one that fails, and secrets that stay where they are."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.command.main import main
from flows.ground.home import Home
from flows.sources.klaviyo.endpoints import Group
from tests.sources.fake_klaviyo import KEY, FakeKlaviyo
from tests.sources.fake_woocommerce import FakeWooCommerce

NOON = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=5)
TODAY, TOMORROW = ((NOON + timedelta(days=days)).date().isoformat() for days in (1, 2))
SETTINGS = """
[[accounts]]
account_id = "acme"
timezone = "Europe/Berlin"
currency = "EUR"

[accounts.sources.klaviyo]
base_url = "{klaviyo}"
start = 2026-01-01

[accounts.sources.woocommerce]
base_url = "{woocommerce}"
"""


@pytest.fixture
def klaviyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeKlaviyo]:
    monkeypatch.setattr(Group, "limits", property(lambda group: ((10_000, 1.0),)))
    with FakeKlaviyo() as fake:
        started = fake.metric("Started Conversation")
        for number in range(3):
            at = NOON - timedelta(hours=number)
            fake.conversation(f"c{number}", at, ["Where?", "There."])
            fake.event(started, at, **{"Conversation ID": f"c{number}", "Channel": "web chat"})
        yield fake


@pytest.fixture
def shop() -> Iterator[FakeWooCommerce]:
    with FakeWooCommerce() as fake:
        fake.order(1, NOON)
        yield fake


@pytest.fixture
def job(
    home: Home, klaviyo: FakeKlaviyo, shop: FakeWooCommerce, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Options of a run; its settings are in the working folder, its credentials in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("AGENT_METRICS_") or name == "PREFECT_API_URL":
            monkeypatch.delenv(name)
    secrets = {
        "KLAVIYO_API_KEY": KEY,
        "WOOCOMMERCE_CONSUMER_KEY": "ck_canary",
        "WOOCOMMERCE_CONSUMER_SECRET": "cs_canary",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    Path("agent-metrics.toml").write_text(SETTINGS.format(klaviyo=klaviyo.url, woocommerce=shop.url), "utf-8")
    return ["--home", str(home.root)]


def said(capsys: pytest.CaptureFixture[str], status: int, *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == status
    shown = capsys.readouterr()
    assert "canary" not in shown.out + shown.err
    assert "Traceback" not in shown.err
    document: dict[str, Any] = json.loads(shown.out)
    return document


def published(home: Home, table: str) -> int:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.published_file}' as shop (read_only)")
        ((count,),) = connection.execute(f"select count(*) from shop.metrics.{table}").fetchall()
    return int(count)


def test_what_several_sources_know_is_published_together(
    job: list[str], home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    done = said(capsys, 0, "run", *job, "--as-of", TODAY)
    assert [(one["source"], one["account"]) for one in done["pull"]] == [("woocommerce", "acme"), ("klaviyo", "acme")]
    assert published(home, "conversations") == 3
    again = said(capsys, 0, "run", *job, "--as-of", TODAY, "--source", "klaviyo")
    assert again["outcome"] == "nothing_new"
    assert [one["source"] for one in again["pull"]] == ["klaviyo"]
    for file in home.root.rglob("*"):
        assert not file.is_file() or b"canary" not in file.read_bytes(), file


def test_a_source_that_fails_keeps_nobody_else_from_being_published(
    job: list[str],
    home: Home,
    klaviyo: FakeKlaviyo,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WOOCOMMERCE_CONSUMER_SECRET", "canary_wrong")
    done = said(capsys, 5, "run", *job, "--as-of", TODAY)
    (unread,) = done["unread"]
    assert unread["source"] == "woocommerce (acme)"
    assert "woocommerce answers 401" in unread["error"]
    assert (done["outcome"], published(home, "conversations")) == ("published", 3)
    monkeypatch.delenv("KLAVIYO_API_KEY")
    monkeypatch.setenv("WOOCOMMERCE_CONSUMER_SECRET", "cs_canary")
    done = said(capsys, 5, "run", *job, "--as-of", TOMORROW)
    assert "KLAVIYO_API_KEY is not set" in done["unread"][0]["error"]
    monkeypatch.setenv("KLAVIYO_API_KEY", KEY)
    klaviyo.conversation("c9", NOON, ["One more?", "Yes."])
    klaviyo.event("M0", NOON, **{"Conversation ID": "c9", "Channel": "email"})
    said(capsys, 0, "run", *job, "--as-of", TOMORROW)
    assert published(home, "conversations") == 4


def test_doctor_says_what_each_source_lacks(
    job: list[str], klaviyo: FakeKlaviyo, capsys: pytest.CaptureFixture[str]
) -> None:
    klaviyo.scopes -= {"agents"}
    findings = said(capsys, 2, "doctor", *job)["findings"]
    sources = {one["what"].split(":")[0]: one for one in findings if one["check"] == "sources"}
    assert sources["woocommerce (acme)"]["outcome"] == "ok"
    assert sources["klaviyo (acme)"]["outcome"] == "problem"
    assert "agents:read" in sources["klaviyo (acme)"]["what"]


def test_klaviyos_own_figures_stand_beside_ours_with_the_likely_reason(
    job: list[str], home: Home, klaviyo: FakeKlaviyo, capsys: pytest.CaptureFixture[str]
) -> None:
    """NOON is five hours ago; the dates reach from the day before to the day after, so that any clock will do."""
    klaviyo.conversation("silent", NOON, [], status="closed")  # nobody wrote
    klaviyo.event("M0", NOON, **{"Conversation ID": "silent", "Channel": "email"})
    klaviyo.channels["silent"] = "email"
    klaviyo.invocations["returns"] = 2
    klaviyo.tools["klaviyo:get_orders"] = {"count": 3, "success-rate": 0.6667, "avg-duration-ms": 812.41}
    klaviyo.tools["custom:sizes"] = {"count": 0, "success-rate": None}
    said(capsys, 0, "run", *job, "--as-of", TODAY)
    dates = [(NOON + timedelta(days=days)).date().isoformat() for days in (-2, 2)]
    done = said(capsys, 0, "reconcile", *job, "--from", dates[0], "--to", dates[1])
    assert done["outcome"] == "published"
    found = {one["figure_id"].removeprefix(f"klaviyo/{dates[0]}/{dates[1]}/"): one for one in done["reconciliation"]}
    shown = {name: tuple(one[key] for key in ("ours", "theirs", "likely_reason")) for name, one in found.items()}
    assert shown["volume///"] == (3, 4, "definition")
    assert shown["resolution_rate///"] == (0, 0.75, "definition")
    assert shown["volume/web_chat//"] == (3, 3, None)
    assert shown["volume/email//"] == (0, 1, "definition")
    assert shown["volume/sms//"] == (0, 0, None)
    assert shown["volume//resolved/"] == (0, 3, "definition")
    assert shown["volume//open/"] == (3, 0, "definition")
    assert shown["skill_volume///returns"] == (0, 2, "late_data")
    assert shown["tool_calls////klaviyo:get_orders"] == (None, 3, None)
    assert shown["tool_success_rate////klaviyo:get_orders"] == (None, 0.6667, None)
    assert shown["tool_duration_ms////klaviyo:get_orders"] == (None, 812.41, None)
    assert shown["tool_calls////custom:sizes"] == (None, 0, None)
    assert published(home, "reconciled_figures") == len(found) == 17
    (alone,) = done["ours_alone"]
    assert alone == {
        "account_id": "acme", "source": "klaviyo", "first_on": dates[0], "last_on": dates[1], "volume": 3,
        "resolved": 0, "recontacted": 0, "durable_resolution_rate": 0, "deflected": 0, "deflection_rate": 0,
    }  # fmt: skip
    klaviyo.rates_of = 100
    klaviyo.conversation("silent", NOON, [], status="resolved-by-ai")
    again = said(capsys, 0, "reconcile", *job, "--from", dates[0], "--to", dates[1], "--account", "acme")
    (rate,) = (one for one in again["reconciliation"] if one["figure_id"].endswith("resolution_rate///"))
    assert (rate["theirs"], rate["likely_reason"]) == (1, "late_data")  # 100 %; our copy is older
    assert published(home, "reconciled_figures") == 17
    klaviyo.tools[""] = {"count": 1}
    odd = said(capsys, 0, "reconcile", *job, "--from", dates[0], "--to", dates[1], "--account", "acme")
    assert any("does not say of which tool" in one for one in odd["pull"][0]["warnings"])
    klaviyo.knows_tools = False
    older = said(capsys, 0, "reconcile", *job, "--from", dates[0], "--to", dates[1], "--account", "acme")
    assert any("no figures of tools" in one for one in older["pull"][0]["warnings"])
    assert published(home, "reconciled_figures") == 17  # what was reported before stays
    klaviyo.scopes -= {"agents"}
    assert "agents:read" in said(capsys, 5, "reconcile", *job, "--from", dates[0], "--to", dates[1])["error"]["message"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "yesterday", "--to", "2026-06-02"], "'yesterday' is not a date"),
        (["--from", "2026-06-02", "--to", "2026-06-01"], "ends before it begins"),
        (["--from", "2026-06-01", "--to", "2026-06-02", "--account", "nobody"], "no account 'nobody'"),
    ],
)
def test_a_reconciliation_of_what_is_not_there_is_refused(
    job: list[str], arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in said(capsys, 2, "reconcile", *job, *arguments)["error"]["message"]


@pytest.mark.parametrize("value", ["pk_canary_in_the_file", "env:", "KLAVIYO_API_KEY"])
def test_a_credential_in_the_settings_is_refused_and_not_repeated(
    job: list[str], value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path("agent-metrics.toml")
    file.write_text(file.read_text("utf-8").replace("start =", f'api_key = "{value}"\nstart ='), "utf-8")
    error = said(capsys, 2, "run", *job)["error"]
    assert "credentials do not stand in settings" in error["message"]
    assert "canary" not in error["message"]


def test_a_source_that_is_not_configured_is_named(job: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert "no settings" in said(capsys, 2, "run", *job, "--source", "shopify")["error"]["message"]
    assert "there is no source 'magento'" in said(capsys, 2, "run", *job, "--source", "magento")["error"]["message"]
