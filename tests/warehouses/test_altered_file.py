"""A published file that somebody writes to is noticed, and nothing builds on it.

The file that is kept for going back was the published file under a second name: a figure changed in the one was changed
in the other, nobody said so, and the advised way back brought the changed figure back.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from flows.command.status import status
from flows.command.status_shown import status_lines
from flows.ground.home import Home
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.files import kept_file
from flows.warehouses.sealed import sealed_file
from tests.warehouses.candidates import build_in, publish, rollback, standing_in, write_candidate


def publish_builds(home: Home, *builds: str) -> None:
    for build in builds:
        write_candidate(home, build)
        publish(home, keep=3)


def write_to(file: Path) -> None:
    """As somebody who may: DuckDB writes valid blocks, which no checksum of its own can tell from ours."""
    file.chmod(0o644)
    with duckdb.connect(file) as connection:
        connection.execute("update metrics.conversations set account_id = 'mine'")


def told(home: Home) -> bool:
    return status(home, [DuckDBFile(home)]).is_altered


def test_status_says_that_somebody_wrote_to_the_published_file(home: Home) -> None:
    publish_builds(home, "build-1")
    assert not told(home)
    write_to(home.published_file)
    assert told(home)
    lines = list(status_lines(status(home, [DuckDBFile(home)])))
    assert any("SOMEBODY HAS WRITTEN" in one for one in lines)


def test_the_next_publishing_brings_our_figures_back_although_nothing_is_new(home: Home) -> None:
    publish_builds(home, "build-1", "build-2")
    write_to(home.published_file)
    assert publish(home, keep=3).outcome == "published"
    assert build_in(home.published_file) == "build-2"
    assert not told(home)
    assert publish(home, keep=3).outcome == "nothing_new"


def test_what_somebody_wrote_to_is_not_kept_for_going_back(home: Home) -> None:
    publish_builds(home, "build-1", "build-2")
    altered = standing_in(home).newest.publication_id
    write_to(home.published_file)
    publish_builds(home, "build-3")
    assert not kept_file(home, altered).exists()


def test_going_back_from_a_file_that_somebody_wrote_to_brings_the_publication_before(home: Home) -> None:
    publish_builds(home, "build-1", "build-2")
    write_to(home.published_file)
    rollback(home, keep=3)
    assert build_in(home.published_file) == "build-1"
    assert not told(home)


def test_a_home_that_was_restored_with_other_times_is_not_taken_for_altered(home: Home, tmp_path: Path) -> None:
    publish_builds(home, "build-1")
    shutil.copytree(home.root, tmp_path / "restored", copy_function=shutil.copyfile)
    restored = Home(tmp_path / "restored")
    assert restored.published_file.stat().st_mtime_ns != home.published_file.stat().st_mtime_ns
    assert not told(restored)
    assert publish(restored, keep=3).outcome == "nothing_new"


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"size": 1}'])
def test_a_publication_of_which_nothing_is_written_down_is_trusted(home: Home, text: str | None) -> None:
    """Earlier versions wrote nothing down."""
    publish_builds(home, "build-1")
    note = sealed_file(home, standing_in(home).newest.publication_id)
    note.unlink() if text is None else note.write_text(text)
    assert not told(home)
    assert publish(home, keep=3).outcome == "nothing_new"
