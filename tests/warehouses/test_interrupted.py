"""Rule 9.1 when things go wrong: kills at every step, a full disk, readers that come and stay."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.ground.errors import StorageFailed
from flows.ground.home import Home
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.keeping import Kept, whole_file
from tests.warehouses.candidates import build_in, names, opened, publish, published, write_candidate

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
OLDEST = "min(home.publications.glob('*.zip')).name.split('.')[0]"  # the only one that is a delta


def start(*args: str) -> subprocess.Popen[str]:
    """Another process with this project at hand."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, *args], env=environment, stdin=pipe, stdout=pipe, text=True)


def publish_builds(home: Home, *builds: str) -> None:
    for build in builds:
        write_candidate(home, build)
        publish(home, keep=2, days=30)


def before_first(home: Home) -> None:
    write_candidate(home, "new")


def before_next(home: Home) -> None:
    publish_builds(home, "older", "old")
    write_candidate(home, "new")


def before_next_of_older_version(home: Home) -> None:
    before_next(home)
    home.published_file.rename(home.former_published_file)


def before_rollback(home: Home) -> None:
    publish_builds(home, "new", "older", "old")


@pytest.mark.parametrize(
    ("prepare", "call"),
    [
        (before_first, "publish(home, keep=2)"),
        (before_next, "publish(home, keep=2, days=30)"),
        (before_next_of_older_version, "publish(home, keep=2)"),
        (before_rollback, f"rollback(home, keep=2, days=30, to={OLDEST})"),
    ],
)
def test_a_kill_leaves_the_last_publication_or_the_new_one_whole(
    tmp_path: Path, home: Home, prepare: Callable[[Home], None], call: str
) -> None:
    prepare(home)
    standing = published(home)
    publications = len(standing.publications) if standing else 0
    following = Home(tmp_path / "following")
    write_candidate(following, "next")

    with start(str(HERE / "killed.py"), str(home.root), str(tmp_path / "killed"), call) as driver:
        driver.communicate()
    assert driver.returncode == 0
    copies = [Home(tmp_path / "killed" / name) for name in names(tmp_path / "killed")]
    assert len(copies) > 15
    seen = []
    for copy in copies:
        now = published(copy)
        seen.append(len(now.publications) if now else 0)
        if now:
            assert build_in(DuckDBFile(copy).file) == ("new" if seen[-1] > publications else "old"), copy.root.name
        if now and "days" in call:
            ids = [one.publication_id for one in now.publications]
            assert set(ids) <= set(Kept.of(copy).ids()), copy.root.name
            for publication_id in ids[:-1]:
                with whole_file(copy, publication_id) as source:
                    build_in(source.file)

        for file in (copy.candidate_file, copy.build_file, copy.check_file, copy.check_page):
            file.unlink(missing_ok=True)
            os.link(following.candidate / file.name, file)
        assert publish(copy, keep=2, resume=True).outcome == "published"
        after = published(copy)
        assert after is not None
        assert after.build_id == "next"
        assert names(copy.root) == sorted(["candidate", copy.published_file.name, "publications"])
        kept = {name.split(".")[0] for name in names(copy.publications) if name != "resumed"}
        assert kept <= {publication.publication_id for publication in after.publications}
    assert set(seen) == {publications, publications + 1}
    assert seen == sorted(seen)


FULL_DISK = """
import resource, sys
from pathlib import Path
from flows.ground.errors import StorageFailed
from flows.ground.home import Home
from tests.warehouses.candidates import publish
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    publish(Home(Path(sys.argv[1])), keep=2)
except StorageFailed as error:
    print(error)
    sys.exit(1)
"""


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_full_disk_leaves_the_last_publication_and_nothing_else(home: Home, share: float) -> None:
    """The limit strikes while the file is copied, or (1.0) while DuckDB writes the history into the copy."""
    publish_builds(home, "older", "old")
    write_candidate(home, "new")
    before = names(home.root), names(home.publications)
    with start("-c", FULL_DISK, str(home.root), str(int(home.candidate_file.stat().st_size * share))) as full:
        said, _ = full.communicate()
    assert full.returncode == 1
    assert "the last publication stands" in said
    assert (names(home.root), names(home.publications)) == before
    assert build_in(home.published_file) == "old"
    publish(home, keep=2)
    assert build_in(home.published_file) == "new"


def test_readers_never_see_half_a_publication(home: Home) -> None:
    publish_builds(home, "build-0")
    script = """
import sys
from pathlib import Path
from tests.warehouses.candidates import build_in
seen = []
while not seen or seen[-1] != "last":
    build = build_in(Path(sys.argv[1]))
    if not seen or build != seen[-1]:
        seen.append(build)
        print(build, flush=True)
"""
    with start("-c", script, str(home.published_file)) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "build-0\n"
        publish_builds(home, *(f"build-{number}" for number in range(1, 12)), "last")
        said, _ = reader.communicate(timeout=60)
    assert reader.returncode == 0
    assert said.endswith("last\n")


@pytest.mark.parametrize("where", ["this process", "another process"])
def test_a_reader_keeps_what_it_opened_and_a_new_one_sees_the_new_publication(home: Home, where: str) -> None:
    publish_builds(home, "first")
    query = "select account_id from file.metrics.conversations"
    if where == "this process":
        with opened(home.published_file) as reader:
            publish_builds(home, "second", "third", "fourth")
            assert reader.execute(query).fetchall() == [("first",)]
            assert build_in(home.published_file) == "fourth"
        return
    script = f"""
import sys
from pathlib import Path
from tests.warehouses.candidates import opened
with opened(Path(sys.argv[1])) as reader:
    print("open", flush=True)
    sys.stdin.readline()
    print(reader.execute({query!r}).fetchall())
"""
    with start("-c", script, str(home.published_file)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        publish_builds(home, "second", "third", "fourth")
        said, _ = process.communicate("\n")
    assert said == "[('first',)]\n"
    assert build_in(home.published_file) == "fourth"


def test_somebody_who_writes_to_the_published_file_is_named(home: Home) -> None:
    publish_builds(home, "first")
    home.published_file.chmod(0o644)
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.readline()"
    with start("-c", script, str(home.published_file)) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        write_candidate(home, "second")
        with pytest.raises(StorageFailed, match=f"(?s)PID {writer.pid}.*close the program"):
            publish(home, keep=2)
        writer.communicate("\n")
    publish(home, keep=2)
    assert build_in(home.published_file) == "second"
