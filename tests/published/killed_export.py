"""Run one export again and again into copies of a folder, each time killed one file-changing call later.

    python killed_export.py HOME FOLDER COPIES

The last of the copies is complete.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pyarrow as pa

from flows.ground.home import Home
from flows.ground.progress import Silent
from flows.published.export import export
from flows.warehouses.duckdb import DuckDBFile
from tests.mortal import Fate, killed_ever_later


def main(home: str, folder: str, copies: str) -> None:
    def run(copy: Path, fate: Fate) -> None:
        pa.OSFile = fate.wrap(pa.OSFile)
        with DuckDBFile(Home(Path(home))).read() as reader:
            export(reader, copy, "csv", Silent(), tables=["accounts", "conversations", "messages"])

    killed_ever_later(Path(folder), Path(copies), run)


if __name__ == "__main__":
    main(*sys.argv[1:])
