"""Publish to Postgres again and again, each time killed some calls to the server later, until it completes.

    python killed_on_postgres.py HOME STEP < url

prints a line of JSON for each try: the calls it lived through, and what a new reader sees after it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import adbc_driver_manager.dbapi
import psycopg

from flows.ground.address import Address
from flows.ground.home import Home
from flows.warehouses.postgres import Postgres
from tests.warehouses.candidates import publish

CALLS: list[tuple[Any, str]] = [
    (adbc_driver_manager.dbapi.Cursor, "execute"),
    (adbc_driver_manager.dbapi.Cursor, "adbc_ingest"),
    (adbc_driver_manager.dbapi.Connection, "commit"),
    (psycopg.Connection, "execute"),
    (os, "replace"),
]


def mortal(call: Callable[..., Any], lives: list[int]) -> Callable[..., Any]:
    """The call, which kills this process when `lives` are used up."""

    def lived(*args: Any, **kwargs: Any) -> Any:
        if lives[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        lives[0] -= 1
        return call(*args, **kwargs)

    return lived


def killed(home: Home, address: Address, lives: int) -> bool:
    """Whether the process was killed before it had published."""
    child = os.fork()
    if child == 0:
        left = [lives]
        for holder, name in CALLS:
            setattr(holder, name, mortal(getattr(holder, name), left))
        publish(home, keep=2, warehouses=[Postgres(home, address)])
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) and os.waitstatus_to_exitcode(status):
        sys.exit("publishing failed, it was not killed")
    return os.WIFSIGNALED(status)


def main(home: str, step: str) -> None:
    address, lives, is_killed = Address.of(sys.stdin.readline().strip()), 0, True
    while is_killed:
        is_killed = killed(Home(Path(home)), address, lives)
        print(json.dumps({"lives": lives, "is_killed": is_killed, "stands": stands(address)}), flush=True)
        lives += int(step)


def stands(address: Address) -> str | None:
    """The build that stands in the database, asked by a process of its own: this one may yet fork."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        with psycopg.connect(address.reveal()) as connection:
            published = connection.execute("select to_regclass('provenance.build') is not null").fetchall() == [(True,)]
            build = connection.execute("select build from provenance.build").fetchall() if published else []
        os.write(writer, (json.loads(build[0][0])["build_id"] if build else "").encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        answer = said.read()
    os.wait()
    return answer or None


if __name__ == "__main__":
    main(*sys.argv[1:])
