"""Patterns that are kept compiled find what they found before, whatever lies in the folder where they are kept."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from flows.ground.patterns import compiled

PATTERNS = {"greeting": r"(?<![\w])(?:hello+|(?P<short>hi)) (?=you)", "rest": "[a-zé\u4e00-\u9fff]{2,3}|x*?y"}


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "phrases.toml"
    file.write_text("1", "utf-8")
    return file


def kept(source: Path) -> Path:
    return source.parent / "cache" / "agent-metrics" / "some.patterns"


def made(source: Path) -> tuple[dict[str, re.Pattern[str]], bool]:
    """The patterns, and whether they had to be written first."""
    asked: list[bool] = []
    found = compiled("some", [source], lambda: asked.append(True) or PATTERNS)  # type: ignore[func-returns-value]
    return found, bool(asked)


def test_what_was_kept_is_the_same_pattern(source: Path) -> None:
    """To compile the phrases of questions took a second of each process that read one."""
    usual = {name: re.compile(pattern) for name, pattern in PATTERNS.items()}
    assert made(source) == (usual, True)  # equal patterns have the same code
    found, was_made = made(source)
    assert (found, was_made) == (usual, False)
    match = found["greeting"].search("oh, hi you")
    assert match is not None
    assert (match.group(), match.lastgroup, match.groupdict()) == ("hi ", "short", {"short": "hi"})
    assert stat.S_IMODE(kept(source).stat().st_mode) == 0o600


def test_other_phrases_are_compiled_anew(source: Path) -> None:
    made(source)
    source.write_text("2", "utf-8")
    assert made(source)[1]
    assert not made(source)[1]


@pytest.mark.parametrize("damage", ["cut", "a bit", "empty", "another shape", "open to others"])
def test_what_is_damaged_is_compiled_anew(source: Path, damage: str) -> None:
    made(source)
    file = kept(source)
    content = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(content[:-4])
        case "a bit":
            file.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        case "empty":
            file.write_bytes(b"")
        case "another shape":
            file.write_bytes(b"[]\n")
        case "open to others":
            file.chmod(0o666)
    assert made(source) == ({name: re.compile(pattern) for name, pattern in PATTERNS.items()}, True)
    assert not made(source)[1]


def test_without_a_place_to_keep_them_they_are_compiled(source: Path) -> None:
    (source.parent / "cache").write_text("", "utf-8")
    for _ in range(2):
        assert made(source) == ({name: re.compile(pattern) for name, pattern in PATTERNS.items()}, True)
    assert sorted(one.name for one in source.parent.iterdir()) == ["cache", "phrases.toml"]
