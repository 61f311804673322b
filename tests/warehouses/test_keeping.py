"""Which publications are kept, and what they take.

Three were kept, each a whole file: with a run every quarter of an hour one could go back three quarters of an hour, and
thirty days of them would have been 2,880 files.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.ground.errors import InputError, StorageFailed
from flows.ground.home import Home
from flows.warehouses import publishing
from flows.warehouses.files import kept_file
from flows.warehouses.keeping import Keep, Kept, whole_file
from flows.warehouses.publication import Publication
from flows.warehouses.sealed import sealed_file
from tests.warehouses.candidates import (
    build_in,
    describe,
    names,
    opened,
    publish,
    published,
    rollback,
    standing_in,
    verdict,
    write_candidate,
)

NOW = datetime(2026, 6, 7, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def at(instant: datetime, restores: str | None = None) -> Publication:
    publication_id = instant.strftime("%Y%m%dT%H%M%S%fZ")
    return Publication(publication_id, instant, None, instant, 1, 12, 12, {}, restores)


def every(step: timedelta, count: int) -> list[Publication]:
    """So many publications, the newest at NOW, newest last."""
    return [at(NOW - number * step) for number in reversed(range(count))]


def test_thirty_days_of_a_publication_every_quarter_hour_are_kept() -> None:
    """In fast motion, as each publishing decides: what was swept once never comes back."""
    history: list[Publication] = []
    kept: set[str] = set()
    for publication in every(QUARTER, 40 * 96):
        history.append(publication)
        kept = (kept | {publication.publication_id}) & Keep(3, 30).ids(history)
    assert len(kept) == 30 * 96 + 1
    assert (
        min(kept) == at(NOW - timedelta(days=30) - QUARTER).publication_id
        or min(kept) == at(NOW - timedelta(days=30)).publication_id
    )


def test_three_are_kept_however_old_they_are() -> None:
    history = every(timedelta(days=100), 5)
    assert Keep(3, 30).ids(history) == {one.publication_id for one in history[-3:]}


def test_what_readers_saw_within_the_days_is_kept_however_long_ago_it_was_published() -> None:
    history = every(timedelta(days=20), 5)
    assert Keep(1, 30).ids(history) == {one.publication_id for one in history[-3:]}


def test_restores_do_not_count() -> None:
    history = [*every(timedelta(days=100), 4), at(NOW + timedelta(days=100), restores="the first")]
    assert Keep(3, 30).ids(history) == {one.publication_id for one in history[-4:]}


def add_conversation(home: Home, number: int) -> Publication:
    """A build that goes on from the one before, as a small delivery makes it."""
    with opened(home.candidate_file, read_only=False) as connection:
        connection.execute(f"insert into file.metrics.conversations (account_id) values ('new-{number}')")
    describe(home, f"build-{number}", row_counts={})
    verdict(home, f"build-{number}")
    publication = publish(home, keep=1, days=30).publication
    assert publication is not None
    return publication


def conversations(file: Path) -> int:
    with opened(file) as connection:
        ((count,),) = connection.execute("select count(*) from file.metrics.conversations").fetchall()
    return int(count)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[Publication]]:
    """A history of 13 MB, published once and then after each of eight small deliveries."""
    home = Home(tmp_path_factory.mktemp("many") / "home")
    write_candidate(home, "build-0", {})
    with opened(home.candidate_file, read_only=False) as connection:
        connection.execute(
            """insert into file.metrics.messages (account_id, message_id, text)
            select 'a', range::text, sha256(range::text) || md5(range::text) from range(200000)"""
        )
    return home, [add_conversation(home, number) for number in range(9)]


def test_keeping_many_does_not_multiply_the_disk(many: tuple[Home, list[Publication]]) -> None:
    home, done = many
    kept, file = Kept.of(home), home.published_file.stat().st_size
    assert kept.ids() == [one.publication_id for one in done]
    assert len(kept.whole) == 2
    assert file > 10_000_000
    deltas = [home.publications / name for name in names(home.publications) if name.endswith(".zip")]
    assert len(deltas) == 7
    assert max(delta.stat().st_size for delta in deltas) < file / 50


def test_each_publication_comes_back_as_it_was(many: tuple[Home, list[Publication]]) -> None:
    home, done = many
    for number, publication in enumerate(done):
        with whole_file(home, publication.publication_id) as source:
            assert conversations(source.file) == number + 1
            assert source.page.read_text("utf-8") == f"<p>checks of build-{number}</p>"
    assert not [name for name in names(home.publications) if name.startswith(".")]


def publish_builds(home: Home, *builds: str) -> list[Publication]:
    done = []
    for build in builds:
        write_candidate(home, build)
        publication = publish(home, keep=1, days=30).publication
        assert publication is not None
        done.append(publication)
    return done


def test_one_can_go_back_to_what_was_stored_as_a_difference_and_forth_again(home: Home) -> None:
    first, *_, last = publish_builds(home, "build-1", "build-2", "build-3", "build-4")
    assert not kept_file(home, first.publication_id).exists()
    rollback(home, keep=1, days=30, to=first.publication_id)
    assert build_in(home.published_file) == "build-1"
    rollback(home, keep=1, days=30, to=last.publication_id)
    assert build_in(home.published_file) == "build-4"
    rollback(home, keep=1, days=30, to=first.publication_id)
    assert build_in(home.published_file) == "build-1"
    assert len(Kept.of(home).ids()) == 7


def test_one_can_go_back_to_what_readers_saw_at_an_instant(home: Home) -> None:
    """Of thousands of publications nobody knows the id of the one that was right."""
    _, second, third = publish_builds(home, "build-1", "build-2", "build-3")
    just_before = third.published_at - timedelta(microseconds=1)
    assert rollback(home, keep=1, days=30, to=just_before.isoformat()).restores_publication_id == second.publication_id
    assert build_in(home.published_file) == "build-2"
    for never_seen, said in (
        ("2020-01-01", "nothing was published yet at 2020-01-01"),
        ("2200-01-01", "2200-01-01 is yet to come"),
        ("build-2", "no publication 'build-2'"),
    ):
        with pytest.raises(InputError, match=said):
            rollback(home, keep=1, days=30, to=never_seen)


def test_only_the_oldest_go_when_less_is_to_be_kept(home: Home) -> None:
    done = publish_builds(home, "build-1", "build-2", "build-3", "build-4", "build-5")
    write_candidate(home, "build-6")
    publish(home, keep=3)
    assert Kept.of(home).ids()[:2] == [one.publication_id for one in done[-2:]]
    rollback(home, keep=3, to=done[-2].publication_id)
    assert build_in(home.published_file) == "build-4"


def test_kept_files_of_an_earlier_version_go_on(home: Home) -> None:
    """They are whole, with their pages beside them, and nothing is written down of them."""
    first, second, _ = publish_builds(home, "build-1", "build-2", "build-3")
    for publication in (first, second):
        with whole_file(home, publication.publication_id) as source:
            whole, page = source.file.read_bytes(), source.page.read_bytes()
        kept_file(home, publication.publication_id).unlink(missing_ok=True)
        kept_file(home, publication.publication_id).write_bytes(whole)
        kept_file(home, publication.publication_id).with_suffix(".html").write_bytes(page)
    for file in [*home.publications.glob("*.zip"), *home.publications.glob("*.json")]:
        file.unlink()
    publish_builds(home, "build-4")
    assert len(Kept.of(home).whole) == 2
    rollback(home, keep=1, days=30, to=first.publication_id)
    assert build_in(home.published_file) == "build-1"


def test_a_publication_of_which_a_difference_is_damaged_is_not_brought_back(home: Home) -> None:
    first, second, *_ = publish_builds(home, "build-1", "build-2", "build-3", "build-4")
    (delta,) = home.publications.glob(f"{second.publication_id}.on.*")
    delta.write_bytes(delta.read_bytes()[:-300])
    with pytest.raises(StorageFailed, match="damaged"):
        rollback(home, keep=1, days=30, to=first.publication_id)
    assert build_in(home.published_file) == "build-4"
    assert not [name for name in names(home.publications) if name.startswith(".")]


def test_a_publication_that_somebody_wrote_to_while_it_was_kept_is_not_brought_back(home: Home) -> None:
    first, second, _ = publish_builds(home, "build-1", "build-2", "build-3")
    kept = kept_file(home, second.publication_id)
    kept.chmod(0o644)
    with opened(kept, read_only=False) as connection:
        connection.execute("update file.metrics.conversations set account_id = 'mine'")
    for publication in (first, second):
        with pytest.raises(StorageFailed, match="not as it was published"):
            rollback(home, keep=1, days=30, to=publication.publication_id)
    assert build_in(home.published_file) == "build-3"


def test_writing_to_the_published_file_reaches_nothing_that_is_kept_for_going_back(home: Home) -> None:
    first, second, third = publish_builds(home, "build-1", "build-2", "build-3")
    home.published_file.chmod(0o644)
    with opened(home.published_file, read_only=False) as connection:
        connection.execute("update file.metrics.conversations set account_id = 'mine'")
    publish_builds(home, "build-4")
    assert third.publication_id not in Kept.of(home).ids()
    for publication, build in ((first, "build-1"), (second, "build-2")):
        with whole_file(home, publication.publication_id) as source:
            assert build_in(source.file) == build


def test_somebody_who_names_no_kept_publication_is_told_the_newest_and_how_far_back_the_others_reach(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publishing, "CHOICE", 1)
    done = publish_builds(home, "build-1", "build-2", "build-3", "build-4")
    with pytest.raises(InputError, match=f"{done[-2].publication_id}.*2 others back to {done[0].publication_id}"):
        rollback(home, keep=1, days=30, to="yesterday")


def test_a_published_file_that_is_gone_takes_no_history_with_it(home: Home) -> None:
    publish_builds(home, "build-1", "build-2", "build-3")
    before = names(home.publications)
    home.published_file.unlink()
    with pytest.raises(StorageFailed, match="put a copy of"):
        publish_builds(home, "build-4")
    assert names(home.publications) == before
    assert published(home) is None
    newest = max(Kept.of(home).whole)
    home.published_file.write_bytes(kept_file(home, newest).read_bytes())
    assert sealed_file(home, newest).exists()
    publish_builds(home, "build-4")
    assert len(standing_in(home).publications) == 4
