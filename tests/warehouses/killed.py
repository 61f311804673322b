"""Run one call again and again on copies of a home, each time killed one file-changing call later, until it completes.

    python killed.py HOME COPIES CALL

leaves COPIES/0000, COPIES/0001, ... (killed before the first, the second, ... such call), the last of them complete.
CALL is a Python expression over `home`, `publish` and `rollback`.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import duckdb

from flows.home import Home
from flows.warehouses import files
from flows.warehouses.publishing import publish, rollback

CALLS = ("replace", "link", "rename", "unlink", "fsync", "chmod", "mkdir", "copy_file_range", "sendfile")
WRITING = ("attach", "commit", "checkpoint")  # all else stays in memory until the commit


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


class MortalConnection:
    def __init__(self, connection: duckdb.DuckDBPyConnection, fate: Fate) -> None:
        self.connection = connection
        self.write = fate.wrap(connection.execute)

    def execute(self, sql: str, *args: Any) -> Any:
        writes = sql.startswith(WRITING) and "read_only" not in sql
        return self.write(sql, *args) if writes else self.connection.execute(sql, *args)

    def __enter__(self) -> MortalConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def run(call: str, home: Home, lives: int) -> None:
    fate = Fate(lives)
    for name in CALLS:
        setattr(os, name, fate.wrap(getattr(os, name)))
    connect = duckdb.connect
    duckdb.connect = lambda *args, **kwargs: MortalConnection(connect(*args, **kwargs), fate)  # type: ignore
    files.COPY_CHUNK = 1 << 20
    eval(call, {"home": home, "publish": publish, "rollback": rollback})


def main(home: str, copies: str, call: str) -> None:
    lives, completed = 0, False
    while not completed:
        copy = Home(Path(copies) / f"{lives:04}")
        shutil.copytree(home, copy.root)
        child = os.fork()
        if child == 0:
            run(call, copy, lives)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        completed = os.WIFEXITED(status)
        if completed and os.WEXITSTATUS(status):
            sys.exit("the call failed, it was not killed")
        lives += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
