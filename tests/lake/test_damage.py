"""What is damaged in the lake is noticed, named and mended.

A truncated file ended in "No magic bytes", an altered one in other figures, and a load whose manifest was gone or said
"no rows" was left out without a word.
"""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from pathlib import Path

import pytest

from flows.command.main import main
from flows.ground.errors import LakeDamaged
from flows.ground.progress import Silent
from flows.lake import Lake
from flows.lake.compaction import compact
from flows.lake.damage import examined, glance, must_be_whole
from flows.lake.repair import Mended, repair
from flows.sources import files
from tests.conftest import write_rows
from tests.sources.test_files import PRODUCT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "in"


@pytest.fixture
def lake(tmp_path: Path, folder: Path) -> Lake:
    """Three loads of a folder: products, products, messages."""
    lake = Lake(tmp_path / "home" / "lake")
    for number in range(2):
        deliver(folder, f"products/{number}.jsonl", PRODUCT % number)
        pull(lake, folder)
    message = {"account_id": "a", "conversation_id": "c", "message_id": "m", "sender": "visitor", "text": "Hello"}
    days = [{**message, "message_id": day, "sent_at": f"2026-06-0{day}T10:00:00Z"} for day in (1, 2)]
    write_rows(folder / "messages.jsonl", days)
    pull(lake, folder)
    return lake


def deliver(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


def pull(lake: Lake, folder: Path) -> int | None:
    return files.pull(folder, lake, Silent()).load


def data(lake: Lake, number: int) -> Path:
    (path,) = (lake.root / "data").rglob(f"{number:010}-*.parquet")
    return path


def manifest(lake: Lake, number: int) -> Path:
    return lake.root / "loads" / f"{number:010}.json"


def flip(file: Path) -> None:
    """Another byte in the middle, as a disk does it: the size stays."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def say(file: Path, **facts: object) -> None:
    """Change what a manifest says of its first file."""
    document = json.loads(file.read_text("utf-8"))
    document["files"][0] |= facts
    file.write_text(json.dumps(document), "utf-8")


def mended(lake: Lake, folder: Path | None = None, sources: tuple[str, ...] = ()) -> list[tuple[int, str]]:
    """Repair; the first load and the outcome of each damage."""

    def again(lake: Lake, number: int, paths: object) -> list[str]:
        return files.read_again(folder, lake, number, paths) if folder else []  # type: ignore[arg-type]

    done: list[Mended] = repair(lake, {*sources, *(["files"] if folder else [])}, again)
    return [(one.damage.loads.first, one.outcome) for one in done]


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (lambda file: file.unlink(), "is gone"),
        (lambda file: file.write_bytes(file.read_bytes()[:-9]), r"has [0-9,]+ bytes of [0-9,]+"),
        (flip, "is not what was written"),
    ],
)
def test_a_file_that_is_not_what_was_written_is_named_with_load_source_and_rows(lake: Lake, harm, what: str) -> None:  # type: ignore[no-untyped-def]
    harm(data(lake, 3))
    says = rf"messages/0000000003-0000.parquet of load 3 from files {what} \(2 rows of messages, 2026-06-01 .* to 2026"
    with pytest.raises(LakeDamaged, match=says) as error:
        must_be_whole(lake, after=2)
    assert "lake repair" in str(error.value)
    must_be_whole(lake, after=3)  # what is not read does not keep a run from going on


def test_a_run_notices_what_it_does_not_read_by_sizes_alone(lake: Lake) -> None:
    data(lake, 1).unlink()
    flip(data(lake, 2))
    (found,) = glance(lake)
    assert (found.path, found.loads.first, found.what) == ("data/products/0000000001-0000.parquet", 1, "is gone")
    assert [one.loads.first for one in examined(lake)] == [1, 2]


def test_a_manifest_that_says_other_rows_than_its_file_has_is_noticed(lake: Lake) -> None:
    """A load whose manifest said 0 rows was left out: revenue went from 130 to 0, and was published."""
    say(manifest(lake, 2), rows=0)
    (found,) = glance(lake)
    assert found.sentence().endswith("0000000002.json of load 2 from files was changed since it was written")
    document = json.loads(manifest(lake, 2).read_text("utf-8"))
    for name in ("size", "sha256", "first_at", "last_at"):
        del document["files"][0][name]
    del document["digest"], document["previous"]  # as an earlier version wrote it
    manifest(lake, 2).write_text(json.dumps(document), "utf-8")
    (found,) = examined(lake)
    assert found.what == "holds 1 rows, and its manifest says 0"
    assert mended(lake) == [(2, "counted again")]
    assert examined(lake) == []
    assert [file.rows for file in lake.files()] == [1, 1, 2]


def test_a_manifest_that_is_gone_is_missed_and_put_together_again(lake: Lake) -> None:
    """Its number was free then, and its data files were swept away by the next load."""
    before = lake.files()
    manifest(lake, 2).unlink()
    assert [one.sentence() for one in glance(lake)] == ["loads/0000000002.json of load 2 is gone"]
    lake.begin("files").abandon()
    manifest(lake, 1).write_text("{", "utf-8")
    assert mended(lake) == [(1, "counted again"), (2, "counted again")]
    assert (examined(lake), lake.files()) == ([], before)


def test_numbers_of_loads_are_not_used_again_and_tell_one_load_from_another(lake: Lake, folder: Path) -> None:
    before = lake.identity(3)
    manifest(lake, 3).unlink()
    assert pull(Lake(lake.root, above=3), folder) == 4
    assert (lake.identity(3), lake.identity(2) in {None, "", before}) == (None, False)
    assert examined(lake) == []  # load 4 says that load 2 came before it


def test_a_delivered_file_that_is_still_there_is_read_again_into_its_own_load(lake: Lake, folder: Path) -> None:
    before = lake.files()
    flip(data(lake, 1))
    assert mended(lake, folder) == [(1, "read again")]
    assert examined(lake) == []
    assert [(file.path, file.rows) for file in lake.files()] == [(file.path, file.rows) for file in before]
    assert pull(lake, folder) is None


def test_a_delivered_file_that_has_changed_is_lost_and_its_rows_are_named(lake: Lake, folder: Path) -> None:
    flip(data(lake, 1))
    deliver(folder, "products/0.jsonl", PRODUCT % 7)
    assert mended(lake, folder) == [(1, "lost")]
    assert (examined(lake), len(lake.files())) == ([], 2)
    assert data(lake, 2).with_name("0000000001-0000.parquet.damaged").exists()
    assert pull(lake, folder) == 4


def test_a_source_that_is_asked_again_has_forgotten_what_it_has_read(lake: Lake, folder: Path) -> None:
    """So is a range of loads: nobody can tell which delivered file each of its rows came from."""
    compact(lake, nullcontext, "1GB", Silent())
    assert lake.identity(2)
    (path,) = (lake.root / "data" / "products").iterdir()
    path.unlink()
    (found,) = examined(lake)
    assert re.fullmatch(r"data/products/\S+ of load 1 to 3 from files is gone \(2 rows of products\)", found.sentence())
    assert mended(lake, folder) == [(1, "asked again")]
    assert (examined(lake), lake.inputs("files")) == ([], {})
    assert pull(lake, folder) == 5
    assert examined(lake) == []


def test_a_repair_that_was_killed_hinders_no_other(lake: Lake, folder: Path) -> None:
    """It left the link to the delivered file, and each repair after it said to make room."""
    flip(data(lake, 3))
    (lake.root / "tmp").mkdir(exist_ok=True)
    (lake.root / "tmp" / "0000.jsonl").symlink_to(folder / "messages.jsonl")
    assert mended(lake, folder) == [(3, "read again")]
    assert examined(lake) == []


@pytest.mark.parametrize("verb", ["verify", "repair"])
def test_a_folder_without_a_lake_is_not_called_whole(
    tmp_path: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lake", verb, "--home", str(tmp_path / "mistyped")]) == 2
    assert "nothing has been loaded here yet" in capsys.readouterr().err
    assert not (tmp_path / "mistyped").exists()


def test_the_commands_name_damage_and_mend_it(lake: Lake, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ["--home", str(lake.root.parent), "--json"]
    flip(data(lake, 3))
    assert main(["lake", "verify", *home]) == 1
    (found,) = json.loads(capsys.readouterr().out)["damaged"]
    assert (found["first_load"], found["sources"], found["rows"]) == (3, ["files"], 2)
    assert main(["lake", "repair", "--path", str(folder), *home]) == 0
    assert [one["outcome"] for one in json.loads(capsys.readouterr().out)["mended"]] == ["read again"]
    assert main(["lake", "verify", *home]) == 0
    assert json.loads(capsys.readouterr().out) == {"damaged": [], "files_without_checksum": 0, "exit_status": 0}
