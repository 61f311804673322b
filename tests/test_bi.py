"""docs/bi.md: every snippet is run, against small warehouses with figures that are known."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.ground.address import Address
from flows.ground.home import Home
from flows.ground.progress import Silent
from flows.published.breakdown import breakdown
from flows.published.export import export
from flows.published.report import report
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres
from tests.gaps.shop import publish_to
from tests.published.shop import Shop
from tests.warehouses import servers
from tests.warehouses.candidates import Rows

PAGE = (Path(__file__).parent.parent / "docs" / "bi.md").read_text("utf-8")
FENCED = re.compile(r"^```(python|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SNIPPETS = [(kind, text) for kind, text in FENCED.findall(PAGE)]
PYTHON = [text for kind, text in SNIPPETS if kind == "python"]
SQL = [text for kind, text in SNIPPETS if kind == "sql"]
SHOWN = (  # by each Python snippet of the page, in its order
    r"web_chat [^\n]* 3 [^\n]* 11\.2500",
    r"2026-06-01 +sms +10\.2500\n2026-06-02 +web_chat +11\.2500",
    r"web_chat ┆ 3 +┆ 0\.333333",
    r"web_chat +3\n",
    r"10\.2500,11\.2500|11\.2500,10\.2500",
    r"web_chat +3\n",
    r"sms +┆ 2026-06-01 ┆ 10\.2500",
    r"10\.25,11\.25,0,0",
    r"2026-06-02 .* web_chat .* 11\.2500",
    r"'attributed_revenue', Decimal\(precision=18, scale=4\)",
)
ON_POSTGRES = re.compile(r"postgresql(\+\w+)?://agent_metrics_reader@host/shop")
FIRST, LAST = datetime(2026, 6, 1, tzinfo=UTC).date(), datetime(2026, 6, 7, tzinfo=UTC).date()


class Acme(Shop):
    """Three conversations by web chat and one by SMS, two of them resolved; one order with lines of both."""

    def __init__(self) -> None:
        super().__init__()
        self.add("accounts", "acme", name="Acme", timezone="UTC", currency="EUR")
        statuses = ("resolved", "routed", "open", "resolved")
        for number, status in enumerate(statuses):
            at = datetime(2026, 6, 1 + number, 12, tzinfo=UTC)
            channel, reason = ("web_chat" if number else "sms"), ("billing" if status == "routed" else None)
            self.conversation(f"c{number}", status, "acme", at, channel=channel, escalation_reason=reason)
            self.say(f"c{number}", 1, skill="returns", sent_on=at.date())
        self.say("c1", 2, skill="returns", sent_on=FIRST + timedelta(days=1))
        for number in (0, 1):
            self.sell(f"c{number}", f"line {number}", "order", f"{10 + number}.2500", net_revenue="1")

    def published_rows(self) -> Rows:
        rows = {**super().published_rows()}
        sold = {one["conversation_id"]: one for one in self.rows["attributed_order_lines"]}
        rows["daily_performance"] = [
            {
                "account_id": "acme",
                "date": one["started_on"],
                "channel": one["channel"],
                "status": one["status"],
                "tag": "",
                "conversations": 1,
                "recontacted_conversations": 0,
                "attributed_orders": int(one["conversation_id"] in sold),
                "attributed_revenue": sold.get(one["conversation_id"], {}).get("revenue", "0"),
                "net_attributed_revenue": "0",
            }
            for one in self.rows["conversations"]
        ]
        return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the snippets run: with a home of the usual name, and with exported files."""
    here = tmp_path_factory.mktemp("bi")
    publish_to(Home(here / ".agent-metrics"), Acme())
    with DuckDBFile(Home(here / ".agent-metrics")).read() as reader:
        for kind in ("csv", "parquet"):
            export(reader, here / "shop-files", kind, Silent(), tables=["daily_performance"], account="acme")
    return here


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with servers.wheel() as server:
        database = servers.fresh(server)
        publish_to(Home(folder / "of-postgres"), Acme(), database)
        yield database


def test_the_page_has_snippets_of_each_kind() -> None:
    assert (len(PYTHON), len(SQL)) == (len(SHOWN), 4)
    assert sum(bool(ON_POSTGRES.search(text)) for text in PYTHON) == 3
    assert PAGE.count("```") == 2 * len(SNIPPETS)


@pytest.mark.parametrize("number", range(len(SHOWN)))
def test_every_python_snippet_runs(number: int, folder: Path, request: pytest.FixtureRequest) -> None:
    text = PYTHON[number]
    if ON_POSTGRES.search(text):
        url: str = request.getfixturevalue("url")
        text = ON_POSTGRES.sub(lambda found: url.replace("postgresql", f"postgresql{found[1] or ''}", 1), text)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(SHOWN[number], done.stdout), done.stdout


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_every_query_runs_on_both_warehouses_and_agrees_with_the_report(
    kind: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    home = Home(folder / ".agent-metrics")
    warehouse = DuckDBFile(home)
    place = warehouse if kind == "duckdb" else Postgres(home, Address.of(request.getfixturevalue("url")))
    with place.read() as reader:
        by_channel, orders, skills, reasons = (reader.rows(query) for query in SQL)
        whole = report(reader, "acme", FIRST, LAST)
        groups = breakdown(reader, whole, "channel").groups
    expected: list[tuple[object, ...]] = [
        (
            one.key,
            one.conversations.volume,
            pytest.approx(one.named("channel")["resolution_rate"]),
            pytest.approx(one.named("channel")["durable_resolution_rate"]),
            one.attributed_revenue,
        )
        for one in groups
    ]
    found = [
        (channel, volume, float(rate), float(durable), sales) for channel, volume, rate, durable, sales in by_channel
    ]
    assert found == expected
    ((count, average),) = orders
    assert (count, float(average)) == (1, 21.5)
    assert (whole.attributed_orders, float(whole.average_order_value or 0)) == (1, 21.5)
    assert skills == [("returns", 5, 4)]
    assert reasons == [("billing", None, 1)]
