"""How much memory this process may take: the machine's, or what a container leaves of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
LEAST = 2**30  # bytes; with less DuckDB cannot do what a build needs


def half_of_the_memory() -> str:
    """Half of what there is, at least 1 GiB, as DuckDB spells it: `2048MiB`."""
    return f"{max(memory() // 2, LEAST) // 2**20}MiB"


def memory() -> int:
    """Bytes that this process may take at most."""
    return min([os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), *_limits()])


def _limits() -> Iterator[int]:
    """The limits of the control groups that this process is in, of either version of Linux's interface."""
    try:
        groups = [line.split(":", 2) for line in MEMBERSHIP.read_text("utf-8").splitlines()]
    except OSError:  # not Linux
        return
    for _, controllers, path in groups:
        if controllers not in {"", "memory"}:
            continue
        root, name = (GROUPS, "memory.max") if controllers == "" else (GROUPS / "memory", "memory.limit_in_bytes")
        folder = root / path.lstrip("/")
        for one in (folder, *folder.parents):  # a limit of a group is one of all groups in it
            try:
                text = (one / name).read_text("ascii").strip()
            except OSError:
                text = "max"
            if text.isdigit():
                yield int(text)
            if one == root:
                break
