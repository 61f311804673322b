"""Run one export again and again into copies of a folder, each time killed one file-changing call later.

    python killed_export.py HOME FOLDER COPIES

leaves COPIES/0000, COPIES/0001, ... (killed before the first, the second, ... such call), the last of them complete.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.home import Home
from flows.progress import Silent
from flows.published.export import export
from flows.warehouses.duckdb import DuckDBFile

CALLS = ("replace", "rename", "fsync", "mkdir", "rmdir", "unlink")


class Fate:
    """Kills this process when `lives` calls have been made."""

    def __init__(self, lives: int) -> None:
        self.lives = lives

    def wrap(self, call: Any) -> Any:
        def mortal(*args: Any, **kwargs: Any) -> Any:
            if self.lives == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            self.lives -= 1
            return call(*args, **kwargs)

        return mortal


def run(home: Home, folder: Path, lives: int) -> None:
    fate = Fate(lives)
    for name in CALLS:
        setattr(os, name, fate.wrap(getattr(os, name)))
    pa.OSFile = fate.wrap(pa.OSFile)
    with DuckDBFile(home).read() as reader:
        export(reader, folder, "csv", Silent(), tables=["accounts", "conversations", "messages"])


def main(home: str, folder: str, copies: str) -> None:
    lives, completed = 0, False
    while not completed:
        copy = Path(copies) / f"{lives:04}"
        shutil.copytree(folder, copy)
        child = os.fork()
        if child == 0:
            run(Home(Path(home)), copy, lives)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        completed = os.WIFEXITED(status)
        if completed and os.WEXITSTATUS(status):
            sys.exit("the export failed, it was not killed")
        lives += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
