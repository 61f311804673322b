"""The memory that a build may take is what the machine has, or what its container leaves of it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from flows.ground import memory

MACHINE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
GIB = 2**30


@pytest.mark.parametrize(
    ("membership", "files", "bytes_"),
    [
        ("0::/\n", {}, MACHINE),
        ("0::/\n", {"memory.max": "max\n"}, MACHINE),
        ("0::/\n", {"memory.max": f"{3 * GIB}\n"}, 3 * GIB),
        ("0::/pod/shop\n", {"pod/memory.max": f"{2 * GIB}\n", "pod/shop/memory.max": "max\n"}, 2 * GIB),
        ("4:memory:/docker/x\n1:cpu:/\n", {"memory/docker/x/memory.limit_in_bytes": f"{5 * GIB}"}, 5 * GIB),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712"}, MACHINE),
    ],
)
def test_a_container_leaves_less_than_the_machine_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, membership: str, files: dict[str, str], bytes_: int
) -> None:
    """The limit was 4 GB: a small container was ended by the system, and a large machine was not used."""
    (tmp_path / "membership").write_text(membership)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(memory, "GROUPS", tmp_path)
    monkeypatch.setattr(memory, "MEMBERSHIP", tmp_path / "membership")
    assert memory.memory() == min(bytes_, MACHINE)
    assert memory.half_of_the_memory() == f"{min(bytes_, MACHINE) // 2 // 2**20}MiB"


def test_a_build_gets_a_gibibyte_at_least(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "membership").write_text("0::/\n")
    (tmp_path / "memory.max").write_text("1000000")
    monkeypatch.setattr(memory, "GROUPS", tmp_path)
    monkeypatch.setattr(memory, "MEMBERSHIP", tmp_path / "membership")
    assert memory.half_of_the_memory() == "1024MiB"


def test_no_step_has_a_limit_of_its_own() -> None:
    """Pulls took 2 GB whatever the setting said. What streams to readers, or through a bulk file, holds less."""
    flows = Path(__file__).parents[1] / "flows"
    limits = {file.name: re.findall(r"\"\d+(?:GB|MB|GiB)\"", file.read_text("utf-8")) for file in flows.rglob("*.py")}
    assert {name: found for name, found in limits.items() if found} == {"duckdb.py": ['"1GB"'], "bulk.py": ['"512MB"']}
