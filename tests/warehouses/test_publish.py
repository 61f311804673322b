"""Rules 9.1 and 9.2 on a DuckDB file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import duckdb
import pytest
import sqlalchemy

import contract
from flows.ground.errors import BuildFailed, GateClosed, InputError, StorageFailed
from flows.ground.home import Home
from flows.warehouses import files, publishing
from flows.warehouses.warehouse import Shown
from tests.warehouses.candidates import (
    FAILED,
    Done,
    build_in,
    describe,
    names,
    opened,
    publish,
    published,
    standing_in,
    verdict,
    write_candidate,
)


def publish_build(home: Home, build_id: str, keep: int = 3) -> Done:
    write_candidate(home, build_id)
    return publish(home, keep=keep)


def test_nothing_is_published_before_the_first_publication(home: Home) -> None:
    assert published(home) is None


def test_a_publication_says_when_from_which_data_and_what_it_had_to_pass(home: Home) -> None:
    before = datetime.now(UTC)
    done = publish_build(home, "first")
    publication = done.publication
    assert done.outcome == "published"
    assert publication is not None
    assert publication.as_of == datetime(2026, 6, 7, 12, tzinfo=UTC)
    assert publication.data_up_to == datetime(2026, 6, 7, 11, 59, 59, 1, tzinfo=UTC)
    assert before <= publication.published_at <= datetime.now(UTC)
    assert publication.publication_id == publication.published_at.strftime("%Y%m%dT%H%M%S%fZ")
    assert (publication.contract_version, publication.checks_passed, publication.checks_total) == (1, 12, 12)
    assert publication.restores_publication_id is None
    assert publication.row_counts == dict.fromkeys(contract.metrics(), 1)
    standing = published(home)
    assert standing is not None
    assert standing.publications == (publication,)
    assert standing.build_id == "first"
    assert build_in(home.published_file) == "first"


def test_a_build_without_events_has_no_newest_event(home: Home) -> None:
    write_candidate(home, "empty", {}, data_up_to=None)
    publication = publish(home, keep=3).publication
    assert publication is not None
    assert publication.data_up_to is None
    assert standing_in(home).newest == publication


def test_every_publication_keeps_its_row_newest_last(home: Home) -> None:
    done = [publish_build(home, f"build-{number}", keep=2).publication for number in range(5)]
    standing = published(home)
    assert standing is not None
    assert list(standing.publications) == done
    assert standing.newest.row_counts["publications"] == 5


def test_only_the_last_publications_stay_on_disk_with_their_check_pages(home: Home) -> None:
    done = [publish_build(home, f"build-{number}").publication for number in range(5)]
    ids = [one.publication_id for one in done if one]
    whole = [f"{one}.{ext}" for one in ids[-2:] for ext in ("duckdb", "html", "json")]
    assert names(home.publications) == sorted([f"{ids[2]}.on.{ids[3]}.zip", *whole])
    assert "checks of build-3" in (home.publications / f"{ids[3]}.html").read_text("utf-8")
    assert build_in(home.publications / f"{ids[3]}.duckdb") == "build-3"
    assert names(home.root) == sorted(["candidate", home.published_file.name, "publications"])


def test_the_same_build_is_not_published_twice(home: Home) -> None:
    first = publish_build(home, "first").publication
    before = home.published_file.stat()
    assert publish(home, keep=3) == Done("nothing_new", first, (Shown(str(home.published_file)),))
    assert publish(home, keep=3, resume=True) == Done("nothing_new", first, (Shown(str(home.published_file)),))
    assert home.published_file.stat().st_ino == before.st_ino


def test_a_candidate_that_failed_a_check_is_not_published(home: Home) -> None:
    publish_build(home, "first")
    write_candidate(home, "second")
    verdict(home, "second", is_open=False, outcomes=[FAILED])
    with pytest.raises(GateClosed, match="1 of 12 checks did not pass"):
        publish(home, keep=3)
    assert build_in(home.published_file) == "first"


def test_a_candidate_that_was_not_checked_is_not_published(home: Home) -> None:
    write_candidate(home, "first")
    home.check_file.unlink()
    with pytest.raises(GateClosed, match="has not been checked"):
        publish(home, keep=3)
    assert not home.published_file.exists()


def test_checks_of_another_build_do_not_count(home: Home) -> None:
    write_candidate(home, "second")
    verdict(home, "first")
    with pytest.raises(GateClosed, match="earlier candidate"):
        publish(home, keep=3)


def test_without_a_complete_build_there_is_nothing_to_publish(home: Home) -> None:
    with pytest.raises(InputError, match="no complete candidate"):
        publish(home, keep=3)


@pytest.mark.parametrize("damage", ["other rows", "a table is missing", "gone"])
def test_a_candidate_other_than_the_one_that_was_built_is_not_published(home: Home, damage: str) -> None:
    write_candidate(home, "first")
    if damage == "other rows":
        describe(home, "first", row_counts={"messages": 2})
    elif damage == "a table is missing":
        with opened(home.candidate_file, read_only=False) as connection:
            connection.execute("drop table file.metrics.skills")
        describe(home, "first", row_counts={})
    else:
        home.candidate_file.unlink()
    with pytest.raises(BuildFailed, match="not the file that the build left"):
        publish(home, keep=3)
    assert not home.published_file.exists()


def test_what_a_build_left_in_its_write_ahead_log_is_published_too(home: Home) -> None:
    write_candidate(home, "first")
    script = f"""import duckdb, os
connection = duckdb.connect({str(home.candidate_file)!r})
connection.execute("insert into {home.candidate_file.stem}.metrics.skills (account_id) values ('first')")
os._exit(0)"""
    subprocess.run([sys.executable, "-c", script], check=True)
    assert files.wal(home.candidate_file).exists()
    describe(home, "first", row_counts={"skills": 2})
    publication = publish(home, keep=3).publication
    assert publication is not None
    assert publication.row_counts["skills"] == 2
    assert build_in(home.published_file) == "first"
    assert not any(name.endswith(".wal") for name in names(home.publications))


def test_ids_go_up_even_if_the_clock_goes_back(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    first = publish_build(home, "first").publication

    class Slow(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls(2020, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(publishing, "datetime", Slow)
    second = publish_build(home, "second").publication
    assert first is not None
    assert second is not None
    assert second.publication_id > first.publication_id
    assert second.published_at == first.published_at + timedelta(microseconds=1)


def test_the_tables_of_the_candidate_are_left_alone(home: Home) -> None:
    write_candidate(home, "first")
    before = home.candidate_file.read_bytes()
    publish(home, keep=3)
    assert home.candidate_file.read_bytes() == before


def test_strangers_files_among_the_publications_stay(home: Home) -> None:
    publish_build(home, "first")
    for name in ("notes.txt", ".hidden", "before-the-migration.duckdb"):
        (home.publications / name).touch()
    publish_build(home, "second", keep=1)
    assert {"notes.txt", ".hidden", "before-the-migration.duckdb"} <= set(names(home.publications))


def test_what_somebody_wrote_beside_the_published_file_does_not_leak_into_the_next_one(home: Home) -> None:
    """DuckDB replays a write-ahead log by its name, whichever file it was written for."""
    publish_build(home, "first")
    script = f"""import duckdb, os
connection = duckdb.connect({str(home.published_file)!r})
connection.execute("insert into {home.published_file.stem}.metrics.skills (account_id) values ('stranger')")
os._exit(0)"""
    home.published_file.chmod(0o644)
    subprocess.run([sys.executable, "-c", script], check=True)
    assert files.wal(home.published_file).exists()
    publish_build(home, "second")
    assert build_in(home.published_file) == "second"


def test_whoever_opens_the_file_can_write_from_metrics_and_the_table(home: Home) -> None:
    """DuckDB names an opened file after its file name: as `metrics.duckdb` it hid its own schema `metrics`."""
    publish_build(home, "first")
    with duckdb.connect(home.published_file, read_only=True) as connection:
        assert connection.sql("from metrics.conversations select account_id").fetchall() == [("first",)]
    engine = sqlalchemy.create_engine(f"duckdb:///{home.published_file}", connect_args={"read_only": True})
    with engine.connect() as opened:
        query = sqlalchemy.text("select account_id from metrics.conversations")
        assert opened.execute(query).scalars().all() == ["first"]
        assert set(sqlalchemy.inspect(opened).get_table_names(schema="metrics")) == set(contract.metrics())
    engine.dispose()


def test_readers_may_not_write(home: Home) -> None:
    publish_build(home, "first")
    assert home.published_file.stat().st_mode & 0o222 == 0


def test_a_file_that_is_no_publication_is_not_overwritten(home: Home) -> None:
    home.root.mkdir(parents=True)
    with duckdb.connect(home.published_file) as connection:
        connection.execute("create table mine as select 1 as number")
    write_candidate(home, "first")
    with pytest.raises(StorageFailed, match="is not a publication"):
        publish(home, keep=3)
    home.published_file.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StorageFailed, match="cannot be opened"):
        publish(home, keep=3)
    assert home.published_file.read_bytes().startswith(b"not a database")


def test_a_published_file_that_was_deleted_does_not_take_the_history_with_it(home: Home) -> None:
    publish_build(home, "first")
    publish_build(home, "second")
    kept = names(home.publications)
    home.published_file.unlink()
    with pytest.raises(StorageFailed, match="put a copy of") as raised:
        publish_build(home, "third")
    assert names(home.publications) == kept
    newest = max(name for name in kept if name.endswith(".duckdb"))
    assert str(home.publications / newest) in str(raised.value)


def test_a_file_system_without_hard_links_or_kernel_copies_will_do(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> int:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refused)
    monkeypatch.setattr(os, "copy_file_range", refused)
    for build_id in ("first", "second"):
        publication = publish_build(home, build_id).publication
        assert build_in(home.published_file) == build_id
        assert publication is not None
        kept = home.publications / f"{publication.publication_id}.duckdb"
        assert kept.read_bytes() == home.published_file.read_bytes()


def test_copies_of_many_chunks_are_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "COPY_CHUNK", 1000)
    (tmp_path / "source").write_bytes(os.urandom(12_345))
    files.copy_file(tmp_path / "source", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == (tmp_path / "source").read_bytes()


def test_a_history_with_columns_of_a_later_contract_is_carried_on(home: Home) -> None:
    """A minor version may add columns; an older and a newer file then meet in the history."""
    publish_build(home, "first")
    write_candidate(home, "second")
    with opened(home.candidate_file, read_only=False) as connection:
        connection.execute("alter table file.metrics.publications add column comment varchar")
    second = publish(home, keep=3).publication
    third = publish_build(home, "third").publication
    standing = published(home)
    assert standing is not None
    assert standing.publications[1:] == (second, third)


def test_row_counts_are_json(home: Home) -> None:
    publish_build(home, "first")
    with opened(home.published_file) as connection:
        row = connection.execute("select row_counts from file.metrics.publications").fetchone()
    assert row is not None
    assert json.loads(row[0])["conversations"] == 1
