"""Homes of version 0.2 and before, whose published file is `metrics.duckdb`.

A home that was not recognised would begin a new history beside the file that readers open, or refuse to publish because
"the published file is gone".
"""

from __future__ import annotations

import pytest

from flows.command.status import status
from flows.ground.address import Address
from flows.ground.errors import GateClosed, StorageFailed
from flows.ground.home import Home
from flows.warehouses import reference
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres
from tests.warehouses.candidates import (
    FAILED,
    build_in,
    names,
    publish,
    rollback,
    standing_in,
    verdict,
    write_candidate,
)
from tests.warehouses.on_postgres import publish_to, rows, seen


@pytest.fixture
def old_home(home: Home) -> Home:
    """A home with two publications under the former name."""
    for build in ("first", "second"):
        write_candidate(home, build)
        publish(home, keep=3)
    home.published_file.rename(home.former_published_file)
    return home


def is_brought_over(home: Home) -> bool:
    return home.published_file.exists() and not home.former_published_file.exists()


def test_until_the_next_publishing_everything_reads_the_former_file_and_leaves_it(old_home: Home) -> None:
    warehouse = DuckDBFile(old_home)
    with warehouse.read() as reader:
        assert reader.rows("select distinct account_id from metrics.conversations") == [("second",)]
    told = status(old_home, [warehouse])
    assert [one.warehouse for one in told.warehouses] == [str(old_home.former_published_file)]
    assert len(told.history) == 2
    compared = reference(old_home, [warehouse])
    assert compared is not None
    assert (compared[0].build_id, compared[1]) == ("second", old_home.former_published_file)
    assert not old_home.published_file.exists()


def test_the_next_publication_goes_on_with_the_history_under_the_new_name(old_home: Home) -> None:
    write_candidate(old_home, "third")
    assert publish(old_home, keep=3).outcome == "published"
    assert is_brought_over(old_home)
    assert build_in(old_home.published_file) == "third"
    assert len(standing_in(old_home).publications) == 3
    assert names(old_home.root) == sorted(["candidate", "publications", old_home.published_file.name])


def test_a_publishing_that_has_nothing_new_renames_the_file(old_home: Home) -> None:
    done = publish(old_home, keep=3)
    assert (done.outcome, done.warehouses[0].warehouse) == ("nothing_new", str(old_home.published_file))
    assert is_brought_over(old_home)
    assert build_in(old_home.published_file) == "second"


def test_a_closed_gate_leaves_the_publication_readable_under_the_new_name(old_home: Home) -> None:
    write_candidate(old_home, "third")
    verdict(old_home, "third", is_open=False, outcomes=[FAILED])
    with pytest.raises(GateClosed):
        publish(old_home, keep=3)
    assert is_brought_over(old_home)
    assert build_in(old_home.published_file) == "second"


def test_going_back_can_be_the_first_thing_after_the_upgrade(old_home: Home) -> None:
    rollback(old_home, keep=3)
    assert is_brought_over(old_home)
    assert build_in(old_home.published_file) == "first"


def test_a_home_that_was_held_is_held_under_the_new_name(home: Home) -> None:
    for build in ("first", "second"):
        write_candidate(home, build)
        publish(home, keep=3)
    restore = rollback(home, keep=3)
    home.published_file.rename(home.former_published_file)
    write_candidate(home, "third")
    held = publish(home, keep=3)
    assert (held.outcome, held.publication) == ("held", restore)
    assert is_brought_over(home)
    assert build_in(home.published_file) == "first"
    assert publish(home, keep=3, resume=True).outcome == "published"
    assert build_in(home.published_file) == "third"


def test_a_home_that_publishes_to_postgres_alone_takes_the_history_of_its_former_file_along(
    home: Home, address: Address
) -> None:
    publish_to(home, "one", rows("one", 3), DuckDBFile(home))
    home.published_file.rename(home.former_published_file)
    postgres = Postgres(home, address)
    publish_to(home, "two", rows("two", 4), postgres)
    assert seen(address) == ("two", 4)
    assert is_brought_over(home)
    publish_to(home, "three", rows("three", 5), DuckDBFile(home), postgres)
    assert len(standing_in(home).publications) == 3


@pytest.mark.parametrize("newer", ["former", "new"])
def test_where_an_earlier_version_was_used_again_the_newer_of_both_files_stays(home: Home, newer: str) -> None:
    files = [home.former_published_file, home.published_file]
    older, newest = files if newer == "new" else files[::-1]
    for build, file in (("older", older), ("newer", newest)):
        write_candidate(home, build)
        publish(home, keep=3)
        kept = file.with_name(f"{build}.copy")
        kept.write_bytes(home.published_file.read_bytes())
    home.published_file.unlink()
    for build, file in (("older", older), ("newer", newest)):
        file.with_name(f"{build}.copy").rename(file)
    assert publish(home, keep=3).outcome == "nothing_new"
    assert is_brought_over(home)
    assert build_in(home.published_file) == "newer"
    assert len(standing_in(home).publications) == 2


def test_a_stranger_s_file_of_the_former_name_is_left_alone(home: Home) -> None:
    home.root.mkdir(parents=True)
    home.former_published_file.write_bytes(b"not a database at all" * 1000)
    write_candidate(home, "first")
    with pytest.raises(StorageFailed, match=r"metrics\.duckdb"):
        publish(home, keep=3)
    assert home.former_published_file.read_bytes().startswith(b"not a database")
    assert not home.published_file.exists()
