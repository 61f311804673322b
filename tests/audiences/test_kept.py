"""A slip of the pen in a definition takes no segment away, and a file that is gone is missed aloud."""

from __future__ import annotations

from pathlib import Path

from flows.audiences import keep, segments, settled
from flows.audiences.reading import SHIPPED

TEXT = (SHIPPED / "escalated_7_days.yml").read_text("utf-8")


def counting(folder: Path, kept: Path) -> tuple[list[str], list[str]]:
    """The names of the segments that count, after a run, and what the run says."""
    found, said = settled(*segments(folder, shipped=False), kept)
    keep(found, kept)
    return [one.segment.name for one in found], said


def test_the_last_right_definition_counts_while_the_file_is_wrong(tmp_path: Path) -> None:
    folder, kept = tmp_path / "segments", tmp_path / "kept"
    folder.mkdir()
    (folder / "mine.yml").write_text(TEXT, "utf-8")
    assert counting(folder, kept) == (["Escalated in the last 7 days"], [])
    (folder / "mine.yml").write_text(TEXT.replace("escalated\n", "escaladed\n"), "utf-8")
    for _ in range(2):
        names, (said,) = counting(folder, kept)
        assert names == ["Escalated in the last 7 days"]
        assert "mine.yml, line" in said
        assert said.endswith("; the definition of the last run counts")
    (folder / "mine.yml").write_text(TEXT.replace("name: Escalated", "name: Handed over"), "utf-8")
    assert counting(folder, kept) == (["Handed over in the last 7 days"], [])


def test_a_file_that_was_never_right_is_left_out_and_one_that_is_gone_is_told_once(tmp_path: Path) -> None:
    folder, kept = tmp_path / "segments", tmp_path / "kept"
    folder.mkdir()
    (folder / "wrong.yml").write_text("name: [", "utf-8")
    names, (said,) = counting(folder, kept)
    assert names == []
    assert said.endswith("; the segment is left out")
    (folder / "wrong.yml").unlink()
    (folder / "mine.yml").write_text(TEXT, "utf-8")
    counting(folder, kept)
    (folder / "mine.yml").unlink()
    gone = "segment mine has no file any more: its members and its history are gone with it"
    assert counting(folder, kept) == ([], [gone])
    assert counting(folder, kept) == ([], [])


def test_a_file_that_is_not_read_takes_nothing_away(tmp_path: Path) -> None:
    """Somebody saved a definition under another ending, or kept a copy of it beside it."""
    folder, kept = tmp_path / "segments", tmp_path / "kept"
    folder.mkdir()
    (folder / "mine.yml").write_text(TEXT, "utf-8")
    (folder / "mine.txt").write_text(TEXT, "utf-8")
    names, (said,) = counting(folder, kept)
    assert names == ["Escalated in the last 7 days"]
    assert said.endswith(
        "mine.txt: this file is not read: definitions end in .yml; rename it to mine.yml; mine.yml counts"
    )
    (folder / "mine.yml").rename(folder / "mine.yml.txt")
    (folder / "mine.txt").unlink()
    names, (said,) = counting(folder, kept)
    assert names == ["Escalated in the last 7 days"]
    assert said.endswith("; the definition of the last run counts")


def test_a_folder_that_is_not_there_takes_nothing_away(tmp_path: Path) -> None:
    folder, kept = tmp_path / "segments", tmp_path / "kept"
    folder.mkdir()
    assert settled([], [], kept, "segments does not exist") == ([], ["segments does not exist; nothing is read there"])
    (folder / "mine.yml").write_text(TEXT, "utf-8")
    (folder / "escalated_7_days.yml").write_text(TEXT.replace("name: Escalated", "name: Ours"), "utf-8")
    counting(folder, kept)
    found, said = settled(*segments(tmp_path / "nowhere", shipped=True), kept, "segments does not exist")
    assert said == ["segments does not exist; the definitions of the last run count"]
    names = {one.key: one.segment.name for one in found}
    assert names["mine"] == "Escalated in the last 7 days"
    assert names["escalated_7_days"] == "Ours in the last 7 days"  # not the package's
