"""The doctor: each finding says what was looked at, how it is, and what to do."""

from __future__ import annotations

import http.server
import json
import os
import threading
from pathlib import Path

import duckdb
import pytest

import contract
from flows.command import installation
from flows.command.doctor import examine
from flows.command.finding import Finding, exit_status
from flows.command.main import main
from flows.command.start import answers
from flows.ground.home import Home, write_durably
from flows.settings.requests import WarehouseRequest
from tests.warehouses.candidates import describe


@pytest.fixture(autouse=True)
def _nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder, no variable that the machine may have, and no seconds for importing what is large."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(installation, "PARTS", ("duckdb",))
    monkeypatch.setattr(installation, "PARTS_OF_EXTRAS", {})
    monkeypatch.setattr("flows.command.doctor.USUAL_PREFECT", "http://127.0.0.1:9/api")  # nobody listens there
    for name in list(os.environ):
        if name.startswith("AGENT_METRICS_") or name == "PREFECT_API_URL":
            monkeypatch.delenv(name)


def found(check: str, home: Path = Path("home")) -> list[Finding]:
    return [finding for finding in examine(WarehouseRequest(home=str(home))) if finding.check == check]


def test_a_new_installation_has_no_problem(capsys: pytest.CaptureFixture[str]) -> None:
    findings = examine(WarehouseRequest())
    assert [finding for finding in findings if finding.outcome == "problem"] == []
    assert {"python", "versions", "extras", "parts", "settings", "home", "sources", "lake", "published"} <= {
        finding.check for finding in findings
    }
    assert exit_status(findings) == 0
    assert not Path(".agent-metrics").exists()  # looking makes nothing
    assert main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["exit_status"] == 0


def test_a_mistake_in_the_settings_is_a_problem_of_the_configuration() -> None:
    Path("agent-metrics.toml").write_text("nonsense = 1", "utf-8")
    findings = examine(WarehouseRequest())
    assert findings[-1].check == "settings"
    assert "there is no such setting" in findings[-1].what
    assert exit_status(findings) == 2


def test_a_part_that_cannot_be_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "PARTS", ("no_such_part",))
    (finding,) = found("parts")
    assert (finding.outcome, "no_such_part" in finding.what) == ("problem", True)
    assert exit_status([finding]) == 1


def test_a_source_whose_folder_is_missing_is_a_problem_of_the_configuration() -> None:
    Path("agent-metrics.toml").write_text("[sources.files]\npath = 'nowhere'", "utf-8")
    (finding,) = found("sources")
    assert (finding.outcome, finding.is_configuration) == ("problem", True)
    assert "nowhere" in finding.what


def test_a_home_at_work_is_a_warning() -> None:
    with Home(Path("home")).lock():
        (finding,) = found("lock")
    assert (finding.outcome, str(os.getpid()) in finding.what) == ("warning", True)
    assert [finding.outcome for finding in found("lock")] == ["ok"]
    assert [path.name for path in Path("home").iterdir()] == ["run.lock"]  # what was tried out is gone


def test_a_home_that_is_a_file_is_a_problem() -> None:
    Path("home").write_text("", "utf-8")
    (finding,) = found("home")
    assert (finding.outcome, finding.is_configuration) == ("problem", True)


def test_a_file_that_the_lake_lost_is_a_problem() -> None:
    path = "data/messages/0000000001-0000.parquet"
    file = {"table": "messages", "path": path, "rows": 7, "refused": 0}
    load = {"number": 1, "source": "files", "loaded_at": "2026-06-01T00:00:00+00:00", "files": [file], "inputs": []}
    manifest = Path("home/lake/loads/0000000001.json")
    write_durably(manifest, json.dumps({**load, "ignored_columns": {}}))
    (finding,) = found("lake")
    assert (finding.outcome, "0000000001-0000.parquet" in finding.what) == ("problem", True)
    Path("home/lake", path).parent.mkdir(parents=True)
    Path("home/lake", path).touch()
    assert [(finding.outcome, finding.what) for finding in found("lake")] == [("ok", "1 loads, 7 rows")]
    manifest.write_text("{", "utf-8")
    (finding,) = found("lake")
    assert finding.outcome == "problem"


def test_a_candidate_without_its_tables_is_a_problem() -> None:
    describe(Home(Path("home")), "b")
    (finding,) = found("candidate")
    assert (finding.outcome, "work.duckdb is missing" in finding.what) == ("problem", True)
    write_durably(Path("home/candidate/build.json"), "{")
    (finding,) = found("candidate")
    assert (finding.outcome, finding.remedy) == ("warning", "the next run builds everything")


def published(path: Path, *, without: str | None = None) -> None:
    """A published file with the contract's tables, all empty but for the row of its publication."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect() as connection:  # under an alias: a database and a schema of one name are ambiguous
        connection.execute(f"attach '{path}' as shop; use shop")
        connection.execute("create schema metrics; create schema provenance")
        for name, table in contract.metrics().items():
            columns = ", ".join(f'"{column.name}" varchar' for column in table.columns)
            if name != without:
                connection.execute(f"create table metrics.{name} ({columns})")
        connection.execute("drop table metrics.publications")
        connection.execute(
            "create table metrics.publications as select 'p1' as publication_id, now() as as_of, now() as data_up_to,"
            " now() as published_at, 1 as contract_version, 1 as checks_passed, 1 as checks_total,"
            " '{}' as row_counts, null::varchar as restores_publication_id"
        )
        connection.execute("insert into metrics.accounts values ('a', 'Shop', 'Mars/Olympus', 'EUR')")
        connection.execute("""create table provenance.build as select '{"build_id": "b"}' as build""")


def test_what_ended_days_ago_is_a_warning() -> None:
    """A source that delivers nothing any more fails in no run."""
    published(Path("home/warehouse.duckdb"))
    with duckdb.connect("home/warehouse.duckdb") as connection:
        connection.execute("update metrics.publications set data_up_to = now() - interval 50 hour")
    (fresh,) = found("fresh")
    assert (fresh.outcome, fresh.what.endswith(", 2 days ago")) == ("warning", True)


def test_an_account_that_nobody_writes_to_any_more_is_a_warning() -> None:
    """Another account with new events hid it for eight months."""
    published(Path("home/warehouse.duckdb"))
    with duckdb.connect("home/warehouse.duckdb") as connection:
        for account, days, every in (("busy", 0, 1), ("dead", 10, 1), ("rare", 10, 14)):
            connection.execute(
                "insert into metrics.conversations by name select ? as account_id, (now() - to_days(day))::varchar as"
                " started_at from range(?, ?, ?) as days(day)",
                [account, days, days + 28, every],
            )
    (fresh, dead) = found("fresh")
    assert (fresh.outcome, dead.outcome) == ("ok", "warning")
    assert "the newest conversation of dead is of" in dead.what
    assert dead.what.endswith(", 9 days before the newest event of all")


def test_a_published_file_is_held_against_the_contract() -> None:
    published(Path("home/warehouse.duckdb"))
    assert [finding.outcome for finding in found("published")] == ["ok"]
    assert [finding.outcome for finding in found("fresh")] == ["ok"]
    (zones,) = found("zones")
    assert (zones.outcome, "of a is" in zones.what) == ("problem", True)
    published(Path("home/warehouse.duckdb"), without="skills")
    (finding,) = found("published")
    assert (finding.outcome, "skills" in finding.what) == ("problem", True)
    Path("home/warehouse.duckdb").write_text("this is not a database", "utf-8")
    (finding,) = found("published")
    assert finding.outcome == "problem"
    assert "\n" not in finding.line()


def test_what_nobody_tells_and_what_did_not_come_are_warnings() -> None:
    file = Path("home/warehouse.duckdb")
    published(file)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as shop; use shop")
        connection.execute("insert into metrics.measured values ('a', 'link_clicks', 'not_measured', null, null)")
        connection.execute("insert into metrics.measured values ('a', 'tickets', 'measured', 'zendesk', '2026-06-01')")
        connection.execute("alter table metrics.completeness alter theirs type bigint")
        connection.execute("alter table metrics.completeness alter ours type bigint")
        connection.execute("insert into metrics.completeness values ('a', 'klaviyo', 'messages', 1200, 1193, now())")
    (finding,) = found("measured")
    assert (finding.outcome, finding.what) == ("warning", "not measured for a")
    assert finding.remedy is not None
    assert finding.remedy.startswith("link clicks: connect clicks")
    assert "tickets" not in finding.remedy
    (finding,) = found("complete")
    assert finding.what == "klaviyo counts 1,200 messages for a, 7 are not here"


def test_a_shop_whose_language_the_embedder_does_not_know_is_told_of_the_other_one() -> None:
    file = Path("home/warehouse.duckdb")
    published(file)
    questions = {
        "de": "Wo kann ich das anprobieren?",
        "pt": "Vocês têm provador em Curitiba?",
        "en": "Do you ship to Norway?",
        "": "Fjell 65?",
    }
    counts = {"shop": {"pt": 35, "de": 25, "en": 40, "": 500}, "store": {"en": 2, "": 90}, "tent": {"": 1}}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as shop; use shop")
        connection.execute("alter table metrics.knowledge_gap_topics alter question_count type bigint")
        for account, asked in counts.items():
            for language, count in asked.items():
                connection.execute(
                    "insert into metrics.knowledge_gap_topics (account_id, representative_question, question_count)"
                    " values (?, ?, ?)",
                    [account, questions[language], count],
                )
    shop, store = found("topics")
    assert (shop.outcome, "shop are in pt, de; " in shop.what, '"multilingual"' in str(shop.remedy)) == (
        "warning",
        True,
        True,
    )
    assert store.outcome == "ok"  # and of the third no language is told
    Path("agent-metrics.toml").write_text("topics.embedder = 'multilingual'", "utf-8")
    assert found("topics") == []


def test_a_server_that_does_not_answer_is_a_problem_and_its_password_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://name:s3cret@127.0.0.1:9/api")
    (finding,) = found("prefect")
    assert (finding.outcome, finding.is_configuration) == ("problem", True)
    assert "s3cret" not in finding.line()


def test_a_server_that_does_not_let_us_look_is_not_taken_for_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{server.server_port}/api")
        (finding,) = found("schedules")  # the server answers 501 to everything
        server.shutdown()
    assert finding.outcome == "problem"
    assert "is not known: it answers 501" in finding.what


def test_a_server_of_which_this_shell_does_not_know_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """`doctor` in another terminal than the server's said that there is none."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr("flows.command.doctor.USUAL_PREFECT", f"http://127.0.0.1:{server.server_port}/api")
        (finding,) = found("prefect")
        server.shutdown()
    assert finding.outcome == "warning"
    assert "export PREFECT_API_URL=" in finding.line()


def test_what_is_looked_at_is_shown_while_it_lasts(capfd: pytest.CaptureFixture[str]) -> None:
    """`doctor` said nothing for half a minute."""
    assert main(["doctor"]) == 0
    assert "Examining the installation" in capfd.readouterr().err


def test_a_server_that_refuses_answers_all_the_same() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        assert answers(f"http://127.0.0.1:{server.server_port}/api")  # 501: it knows no GET
    assert not answers("no address")
