"""Real Postgres servers for tests: that of the wheel pgserver on a socket, and one that asks for passwords.

The latter is Debian's where it is installed, else the wheel's as well.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import psycopg

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]  # the newest
NUMBERS = count()
PASSWORD = "s3cret&canary"
ENCODED = "s3cret%26canary"  # in a URL


@contextmanager
def wheel() -> Iterator[str]:
    """A server on a socket, without passwords; the URL of its superuser, with a place for a database."""
    with _folder() as folder:
        os.environ["XDG_RUNTIME_DIR"] = _for_locks()
        import pgserver  # noqa: PLC0415

        server = pgserver.get_server(folder / "data", cleanup_mode="delete")
        url = f"postgresql://postgres@/{{database}}?host={folder / 'data'}"
        with psycopg.connect(url.format(database="postgres"), autocommit=True) as connection:
            # No test turns the machine off: commits need not wait for the disk.
            connection.execute("alter system set fsync = off")
            connection.execute("alter system set full_page_writes = off")
            connection.execute("select pg_reload_conf()")
        try:
            yield url
        finally:
            server.cleanup()


@contextmanager
def with_passwords() -> Iterator[str]:
    """A server on the loopback that asks for passwords; the URL of its superuser, with a place for a database."""
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
    with _folder() as folder, socket.socket() as free:
        if user:
            shutil.chown(folder, user)
        (folder / "password").write_text(PASSWORD, "utf-8")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()

        def call(program: str, *arguments: str) -> None:
            command: list[str | Path] = [binaries() / program, "-D", folder / "data", *arguments]
            quiet = subprocess.DEVNULL
            subprocess.run(command, check=True, cwd=folder, user=user, stdout=quiet, stderr=quiet)

        login = ["-A", "scram-sha-256", "--pwfile", str(folder / "password"), "-U", "postgres"]
        call("initdb", *login, "-E", "UTF8", "--no-sync")
        options = f"-h 127.0.0.1 -p {port} -k '{folder}' -c fsync=off -c logging_collector=off"
        call("pg_ctl", "-l", str(folder / "log"), "-w", "-o", options, "start")
        try:
            yield f"postgresql://postgres:{ENCODED}@127.0.0.1:{port}/{{database}}"
        finally:
            call("pg_ctl", "-m", "immediate", "stop")


def binaries() -> Path:
    """Where the programs of the server are."""
    if DEBIAN:
        return DEBIAN[0]
    import pgserver  # noqa: PLC0415

    return Path(pgserver.__file__).parent / "pginstall" / "bin"


def fresh(server: str) -> str:
    """The URL of a new database."""
    database = f"shop{next(NUMBERS)}"
    with psycopg.connect(server.format(database="postgres"), autocommit=True) as connection:
        connection.execute(f"create database {database} template template0 encoding 'UTF8'")
    return server.format(database=database)


@cache
def _for_locks() -> str:
    """Where pgserver keeps its lock. It asks once in a process, so this one stays for all servers."""
    folder = tempfile.mkdtemp(prefix="pg-locks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextmanager
def _folder() -> Iterator[Path]:
    # pgserver lets everybody into all folders above its data, and pytest's are private
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
