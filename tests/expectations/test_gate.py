"""The gate itself: when it opens, what it looks at, what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

import contract
from expectations import deliveries, gate
from expectations.engines import DUCKDB
from expectations.names import Names, names
from expectations.on_duckdb import OpenedFiles, open_files
from expectations.verdict import Asked, Check, Found, OneOf
from tests.expectations.conftest import Shop, Watch
from tests.expectations.shop import AS_OF, create_tables


def failed(verdict: gate.Verdict) -> list[str]:
    return [outcome.name for outcome in verdict.outcomes if outcome.outcome != "passed"]


WAITING = """
insert into held_back_rows
select 'shop-2', 'messages', 'late-' || i, 'conversations', 'c-' || i % 2, 'files', '{since}'
from range({rows}) as t (i)
"""
HALF = "2026-06-30 23:00:00+00"  # of 995 rows that were accepted


@pytest.mark.parametrize(
    ("rows", "published_load", "since", "known", "share", "failing"),
    [
        (497, 0, HALF, "", 0.01, False),
        (498, 0, HALF, "", 0.01, True),
        (498, 0, HALF, "", 1, False),  # whoever lets every row be refused
        (498, 1, HALF, "", 0.01, False),  # they were there when the last publication was made
        (498, 0, "2026-06-30", "", 0.01, False),  # of another load
        (
            498,
            0,
            HALF,
            "insert into stg_conversations (account_id, conversation_id) values ('shop-2', 'c-0')",
            0.01,
            False,
        ),
        (19, 1, "2026-07-01", "insert into loads values (2, 'files', 'messages', 19, 0, '2026-07-01')", 0.01, False),
        (20, 1, "2026-07-01", "insert into loads values (2, 'files', 'messages', 20, 0, '2026-07-01')", 0.01, True),
        (498, 0, HALF, "insert into loads values (2, 'files', 'messages', 995, 0, '2026-07-01')", 0.01, True),  # again
        (1, 0, "2026-07-01", "update loads set rows = 1, refused = 0, loaded_at = '2026-07-01'", 0.01, True),
    ],
)
def test_a_delivery_of_which_the_greater_part_waits_closes_the_gate(
    shop: Shop, rows: int, published_load: int, since: str, known: str, share: float, failing: bool
) -> None:
    """All 119 rows of a shop waited for its account, and the run published nothing of them with all checks passed."""
    shop.metrics(WAITING.format(rows=rows, since=since))
    if known:
        shop.work(known)
    thresholds = gate.Thresholds(max_rejected_share=share)
    verdict = shop.check(published_load=published_load, thresholds=thresholds)
    found = [one for one in verdict.outcomes if one.outcome != "passed"]
    assert [one.name.partition(":")[0] for one in found] == ["held_back_rows are at most half of a delivery"] * failing
    if failing:
        (row,) = found[0].sample
        said = {"source": "files", "waiting_table": "messages", "parent_table": "conversations", "a_parent_id": "c-0"}
        assert said.items() <= row.items()
        assert row["waiting_rows"] == rows


@pytest.mark.parametrize(
    ("published_load", "share", "kept", "failing"),
    [
        (0, 0.01, "", True),
        (0, 0.01, "orders", False),  # a shop whose agent does not talk yet
        (1, 0.01, "", False),  # what was published had more, which other checks speak of
        (0, 1, "", False),  # whoever lets every row be refused
    ],
)
def test_a_first_publication_of_accounts_alone_closes_the_gate(
    shop: Shop, published_load: int, share: float, kept: str, failing: bool
) -> None:
    """A folder with accounts.csv alone was published as a shop in which nothing happens."""
    shop.metrics(";".join(f"delete from {table}" for table in deliveries.FIRST if table != kept))
    thresholds = gate.Thresholds(max_rejected_share=share)
    outcomes = shop.check(published_load=published_load, thresholds=thresholds).outcomes
    (found,) = [one for one in outcomes if one.name.startswith("accounts are not all that there is")]
    assert found.closes_the_gate == failing


@pytest.mark.parametrize("scope", ["all", "changed"])
def test_no_check_compares_all_rows_with_all_others(
    open_shop: Callable[..., Shop], scope: gate.Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fast in a small shop and hours in a large one: a model was so, with all tests green."""
    plans: dict[str, str] = {}

    def find(self: OpenedFiles, asked: Sequence[Asked], at_hand: Names, scope: gate.Scope) -> Iterator[Found]:
        for one in asked:
            found = self.rows(f"explain (format json) select count(*) from ({one.sql}) as contradicting")
            plans[one.check.name] = str(found)
            yield Found(0)

    monkeypatch.setattr(OpenedFiles, "find", find)
    verdict = open_shop(is_published=True).check(scope)
    assert len(plans) == verdict.total > 200
    assert [name for name, plan in plans.items() if "BLOCKWISE_NL_JOIN" in plan] == []


@pytest.mark.parametrize("scope", ["all", "changed"])
def test_a_consistent_candidate_opens_the_gate(open_shop: Callable[..., Shop], scope: gate.Scope) -> None:
    verdict = open_shop(is_published=True).check(scope)
    assert failed(verdict) == []
    assert verdict.is_open
    assert verdict.passed == verdict.total == len(verdict.outcomes) > 100
    assert verdict.scope == scope


def test_an_empty_candidate_lacks_accounts_and_nothing_else(tmp_path: Path, shop: Shop) -> None:
    """An empty shop was published, with all checks passed."""
    empty = tmp_path / "empty.duckdb"
    with duckdb.connect(str(empty)) as connection:
        create_tables(connection)
    shop.work("delete from stg_messages; delete from stg_conversations; delete from loads")
    shop.work("delete from stg_reported_figures; delete from int_skill_usage")
    verdict = Shop(gate.Candidate(shop.candidate.work_file, empty, None)).check()
    assert failed(verdict) == ["accounts are there: without an account nothing counts"]


def test_a_check_that_could_not_run_closes_the_gate_and_did_not_fail(shop: Shop) -> None:
    shop.work("drop table int_touches")
    verdict = shop.check()
    broken = [outcome for outcome in verdict.outcomes if outcome.outcome != "passed"]
    assert {outcome.outcome for outcome in broken} == {"error"}
    assert all("int_touches does not exist" in (outcome.error or "") for outcome in broken)
    assert not verdict.is_open


def test_a_warning_that_could_not_run_closes_the_gate(shop: Shop) -> None:
    shop.metrics("drop table profiles")
    verdict = shop.check()
    (warning,) = [one for one in verdict.outcomes if one.outcome == "error" and one.severity == "warning"]
    assert warning.name.startswith("profiles holds")
    assert warning.closes_the_gate


def test_a_missing_table_misses_its_columns_in_either_scope(shop: Shop) -> None:
    shop.metrics("drop table interactions")
    for scope in ("all", "changed"):
        verdict = shop.check(scope)
        (columns,) = [outcome for outcome in verdict.outcomes if outcome.outcome == "failed"]
        assert columns.name.startswith("interactions has the columns")
        assert columns.rows == len(contract.metrics()["interactions"].columns)
        assert not verdict.is_open


def test_files_that_cannot_be_opened_do_not_open_the_gate(shop: Shop, tmp_path: Path) -> None:
    nowhere = Shop(gate.Candidate(shop.candidate.work_file, tmp_path / "nowhere.duckdb", None))
    with pytest.raises(duckdb.IOException):
        nowhere.check()


def test_at_most_twenty_rows_are_shown_and_all_are_counted(shop: Shop) -> None:
    shop.metrics("update messages set sender = 'robot' where position = 1")
    verdict = shop.check()
    (outcome,) = [one for one in verdict.outcomes if one.name.startswith("messages.sender is one of")]
    assert (outcome.rows, len(outcome.sample)) == (128, 20)
    assert outcome.sample[0].keys() == {column.name for column in contract.metrics()["messages"].columns}


def test_the_verdict_is_json_with_the_rows_as_they_are(shop: Shop) -> None:
    strange = "{batch} :name '; \" <b>\u2028"
    with duckdb.connect(str(shop.candidate.metrics_file)) as connection:
        connection.execute("set schema = 'metrics'")
        connection.execute("insert into skills values ($1, 'x', 'x', false, 0, 0)", [strange])
        connection.execute("update knowledge_gap_topics set coverage_score = 'nan', question_count = 0")
    document = json.loads(json.dumps(shop.check().to_json_dict(), allow_nan=False))
    outcomes = {outcome["name"]: outcome for outcome in document["outcomes"] if outcome["outcome"] == "failed"}
    assert outcomes["skills belong to accounts that are published"]["sample"][0]["account_id"] == strange
    assert document["is_open"] is False


def test_a_verdict_that_was_written_is_read_back_as_it_was(shop: Shop) -> None:
    shop.metrics("drop table profiles; update messages set sender = 'robot' where position = 1")
    verdict = shop.check()
    assert gate.Verdict.from_json_dict(json.loads(json.dumps(verdict.to_json_dict()))) == verdict


def test_nothing_is_later_than_as_of_whatever_as_of_is(shop: Shop) -> None:
    verdict = shop.check(as_of=AS_OF - timedelta(days=60))
    late = {outcome.table for outcome in verdict.outcomes if "nothing after as-of" in outcome.name and outcome.rows}
    assert late == {
        "conversations", "messages", "interactions", "handoff_steps", "tickets", "agent_events", "orders",
        "order_lines", "attributed_order_lines",
        "knowledge_gap_topics", "knowledge_gap_questions", "knowledge_gap_closures", "knowledge_gap_topic_changes",
        "follow_ups", "handoffs",
    }  # fmt: skip


def test_only_what_changed_is_looked_at_in_that_scope(shop: Shop) -> None:
    shop.metrics(
        "update conversations set legacy_status = 'open' where conversation_id in ('conversation-9', 'conversation-2')"
    )
    shop.work("insert into changed_totals values ('shop-1', 'conversation-2')")
    (outcome,) = [one for one in shop.check("changed").outcomes if one.outcome != "passed"]
    assert [row["conversation_id"] for row in outcome.sample] == ["conversation-2"]
    with duckdb.connect() as connection:
        assert len(connection.execute(outcome.sql).fetchall()) == outcome.rows == 1


def test_what_changed_must_not_share_its_grain_with_what_did_not(shop: Shop) -> None:
    shop.metrics("update messages set message_id = 'message-9-3' where message_id = 'message-3-3'")
    shop.work("insert into changed_conversations values ('shop-2', 'conversation-9')")
    shop.work("insert into changed_totals values ('shop-2', 'conversation-9')")
    failing = failed(shop.check("changed"))
    assert failing == ["messages has one row for each account_id, message_id"]


@pytest.mark.parametrize(
    ("sets", "statement", "failing"),
    [
        (
            "insert into changed_days values ('shop-1', '2026-05-02')",
            "update daily_performance set attributed_orders = 99",
            "daily_performance sums up",
        ),
        (
            "insert into changed_order_lines values ('shop-1', 'line-2')",
            "update attributed_order_lines set currency = 'USD'",
            "attributed_order_lines are lines of",
        ),
        (
            "insert into changed_questions values ('shop-1', 'conversation-2')",
            "update knowledge_gap_questions set is_covered = true",
            "knowledge_gap_questions are covered from",
        ),
    ],
)
def test_changed_days_lines_and_questions_are_looked_at(shop: Shop, sets: str, statement: str, failing: str) -> None:
    shop.metrics(statement)
    assert failed(shop.check("changed")) == []
    shop.work(sets)
    (outcome,) = [one for one in shop.check("changed").outcomes if one.outcome != "passed"]
    assert outcome.name.startswith(failing)
    assert 0 < outcome.rows < 30


def test_refused_rows_count_from_the_last_publication_on(shop: Shop) -> None:
    shop.work("update loads set refused = 500")
    assert len(failed(shop.check(published_load=0))) == 1
    assert failed(shop.check(published_load=1)) == []
    assert failed(shop.check(thresholds=gate.Thresholds(max_rejected_share=0.5))) == []


def test_volume_is_compared_up_to_the_earlier_as_of(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop(is_published=True)
    shop.metrics("delete from conversations where started_at > timestamptz '2026-05-02 00:00:00+00'")
    shop.metrics("delete from orders")
    no_orders = "orders of the last publication have not vanished in numbers, account by account"
    assert no_orders in failed(shop.check())
    assert no_orders in failed(shop.check("changed"))
    assert no_orders not in failed(shop.check(thresholds=gate.Thresholds(max_volume_drop=1)))
    vanished = "conversations of the last publication have not vanished in numbers, account by account"
    assert vanished in failed(shop.check(thresholds=gate.Thresholds(max_volume_drop=0.1)))
    # Of what had started by then nothing is missing.
    early = AS_OF - timedelta(days=60)
    assert vanished not in failed(shop.check(as_of=early, thresholds=gate.Thresholds(max_volume_drop=0.1)))
    assert vanished not in failed(shop.check(published_as_of=early, thresholds=gate.Thresholds(max_volume_drop=0.1)))


def test_the_files_are_free_and_alone_afterwards(shop: Shop) -> None:
    folder = shop.candidate.work_file.parent
    before = sorted(folder.iterdir())
    shop.check()
    assert sorted(folder.iterdir()) == before
    shop.metrics("create table mine (x integer)")
    shop.work("create table mine (x integer)")


def test_great_expectations_is_imported_by_a_run_that_checks_and_by_one_file() -> None:
    """Its import takes seconds of processor time, and whoever imported the gate's names paid for them."""
    code = "import sys, expectations.gate, expectations.page; print('great_expectations' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"
    root = Path(contract.__file__).parents[1]
    importing = re.compile(r"^\s*(import|from) great_expectations\b", re.MULTILINE)
    sources = [file for room in ("contract", "expectations", "flows") for file in (root / room).rglob("*.py")]
    assert [file.name for file in sources if importing.search(file.read_text())] == ["with_great_expectations.py"]


def test_a_check_that_fails_without_a_row_that_contradicts_it_proves_nothing(shop: Shop) -> None:
    check = Check("accounts", "accounts are few", "", says=OneOf("account_id", ("shop-1",)))
    everything = names(DUCKDB, "all", gate.Thresholds(), as_of=AS_OF, earlier_as_of=AS_OF, published_load=0)
    with open_files(shop.candidate, "1GB") as opened:
        (found,) = opened.find([Asked(check, "select 1 where false")], everything, "all")
    assert found.error is not None
    assert "no row contradicts it" in found.error


def test_what_changed_is_judged_without_the_library_and_alike(shop: Shop) -> None:
    """Its import took half of the time of a small delivery. Of the same rows both ways say the same of every check."""
    shop.work("drop table int_touches")
    shop.metrics("update messages set sender = 'robot' where position = 1; update conversations set status = null")
    shop.metrics("insert into orders select * from orders; drop table profiles")
    everything = names(DUCKDB, "all", gate.Thresholds(), as_of=AS_OF, earlier_as_of=AS_OF, published_load=0)
    with open_files(shop.candidate, "1GB") as opened:
        asked = [Asked(one, everything.fill(one.sql)) for one in gate.CHECKS]
        by_library = list(opened.find(asked, everything, "all"))
        by_itself = list(opened.find(asked, everything, "changed"))
    assert [found.rows for found in by_library] == [found.rows for found in by_itself]
    assert [bool(found.error) for found in by_library] == [bool(found.error) for found in by_itself]
    assert len({found.rows for found in by_itself}) > 3
    assert any(found.error for found in by_itself)


def test_a_check_of_what_changed_imports_no_great_expectations(shop: Shop) -> None:
    code = (
        "import sys; from pathlib import Path; from datetime import UTC, datetime; from expectations import gate\n"
        "from flows.ground.progress import Silent\n"
        f"at = datetime.fromisoformat({AS_OF.isoformat()!r})\n"
        f"files = [Path({str(shop.candidate.work_file)!r}), Path({str(shop.candidate.metrics_file)!r}), None]\n"
        "verdict = gate.check(gate.Candidate(*files), gate.Thresholds(), scope='changed', as_of=at,"
        " published_as_of=None, published_load=0, progress=Silent())\n"
        "print(verdict.is_open, {'great_expectations', 'sqlalchemy', 'pandas', 'scipy'} & sys.modules.keys())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "True set()\n"


def test_nothing_is_printed(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    shop.metrics("drop table profiles")
    shop.check()
    assert capfd.readouterr() == ("", "")


def test_progress_names_every_check(shop: Shop) -> None:
    watch = Watch()
    verdict = shop.check(progress=watch)
    assert watch.total == verdict.total
    assert watch.seen == [outcome.name for outcome in verdict.outcomes]
    assert watch.is_finished


def test_every_check_has_its_own_name_and_a_rule_of_the_contract(open_shop: Callable[..., Shop]) -> None:
    verdict = open_shop(is_published=True).check()
    assert len({outcome.name for outcome in verdict.outcomes}) == verdict.total
    assert {outcome.table for outcome in verdict.outcomes} == set(contract.metrics()) - {"publications"}
    for outcome in verdict.outcomes:
        assert outcome.rule is None or re.fullmatch(r"\d+\.\d|metrics\.yml", outcome.rule)


def test_tables_are_looked_at_by_the_sets_of_changes_that_the_dictionary_names(shop: Shop) -> None:
    """The gate had a list of its own: it looked at conversations by another set than the one that rewrites them."""
    tables = {table.name: table.changed_by for table in contract.metrics().values() if table.changed_by}
    for name in tables:
        shop.metrics(f"insert into {name} select * from {name} order by all limit 1")
    assert failing_grains(shop) == set()
    for name, by in tables.items():
        with duckdb.connect(str(shop.candidate.metrics_file), read_only=True) as connection:
            connection.execute("set schema = 'metrics'")
            (key,) = connection.execute(
                f"select account_id, {by.column}::varchar from {name} order by all limit 1"
            ).fetchall()
        shop.work(f"insert into {by.model} values {key}")
    assert failing_grains(shop) == set(tables)


def failing_grains(shop: Shop) -> set[str]:
    return {one.table for one in shop.check("changed").outcomes if one.rows and " has one row for each " in one.name}


def test_a_conversation_whose_order_went_over_is_looked_at_with_its_messages(shop: Shop) -> None:
    """Its row is written anew though nothing else of it changed: nobody looked at it, so any figure could be wrong."""
    shop.metrics("update conversations set agent_message_count = 99 where conversation_id in ('conversation-9')")
    shop.work("insert into changed_totals values ('shop-2', 'conversation-9'), ('shop-1', 'conversation-2')")
    assert failed(shop.check("changed")) == ["conversations count the messages of their threads"]


REFUSED_ACCOUNT = """
insert into rejected_rows
select 'r', 'files', 'accounts', 'timezone: Europe/Lisboa is not an IANA zone', '{"account_id": "shop-9"}', '2026-06-30'
"""


@pytest.mark.parametrize(
    ("loads", "row", "failing"),
    [
        ("(2, 'files', 'accounts', 3, 1, '2026-06-30')", REFUSED_ACCOUNT, True),
        ("(2, 'files', 'accounts', 3, 1, '2026-06-30')", REFUSED_ACCOUNT.replace('"shop-9"', "null"), True),
        ("(2, 'files', 'accounts', 3, 1, '2026-06-30')", REFUSED_ACCOUNT.replace("shop-9", "shop-1"), True),  # is known
        (
            "(2, 'files', 'accounts', 3, 1, '2026-06-30'), (3, 'files', 'accounts', 3, 0, '2026-07-01')",
            REFUSED_ACCOUNT.replace('"shop-9"', "null"),
            False,  # delivered again, and whole
        ),
    ],
)
def test_an_account_that_is_refused_closes_the_gate(shop: Shop, loads: str, row: str, failing: bool) -> None:
    """A typo in the zone of a shop's only account held everything back, and an empty shop passed all checks."""
    shop.work(f"insert into lake.loads values {loads}")
    shop.metrics(row)
    found = [one for one in shop.check().outcomes if one.outcome != "passed"]
    assert [one.name.split(":")[0] for one in found] == ["accounts that were delivered last are not refused"] * failing
    if failing:
        assert "Europe/Lisboa" in str(found[0].sample)
