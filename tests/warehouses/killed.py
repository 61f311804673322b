"""Run one call again and again on copies of a home, each time killed one file-changing call later, until it completes.

    python killed.py HOME COPIES CALL

The last of the copies is complete. CALL is a Python expression over `home`, `publish` and `rollback`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import duckdb

from flows.ground.home import Home
from flows.warehouses import files
from tests.mortal import Fate, killed_ever_later
from tests.warehouses.candidates import publish, rollback

WRITING = ("attach", "commit", "checkpoint")  # all else stays in memory until the commit


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


def main(home: str, copies: str, call: str) -> None:
    def run(copy: Path, fate: Fate) -> None:
        connect = duckdb.connect
        duckdb.connect = lambda *args, **kwargs: MortalConnection(connect(*args, **kwargs), fate)  # type: ignore
        files.COPY_CHUNK = 1 << 20
        eval(call, {"home": Home(copy), "publish": publish, "rollback": rollback})

    killed_ever_later(Path(home), Path(copies), run)


if __name__ == "__main__":
    main(*sys.argv[1:])
