"""Compact copies of a home's lake, each killed one file-changing call later than the last, until one completes.

python killed_compaction.py HOME COPIES
"""

from __future__ import annotations

import sys
from pathlib import Path

from flows.ground.home import Home
from flows.ground.progress import Silent
from flows.lake import Lake
from flows.lake.compaction import compact
from tests.mortal import Fate, killed_ever_later


def run(copy: Path, _: Fate) -> None:
    home = Home(copy)
    compact(Lake(home.lake), home.lock, "1GB", Silent())


if __name__ == "__main__":
    home_folder, copies = map(Path, sys.argv[1:])
    killed_ever_later(home_folder, copies, run)
