"""Real Postgres servers for tests: that of the wheel pgserver on a socket, and one that asks for passwords.

The latter is Debian's where it is installed, else the wheel's as well. A pgbouncer may stand before it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]  # the newest
# of Debian's package, which `sh setup.sh pgbouncer` installs; users other than root do not find it in their PATH
PGBOUNCER = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
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


@contextmanager
def pooler(
    server: str, *, databases: str = "*", password: str = PASSWORD, at: int | None = None, **settings: object
) -> Iterator[str]:
    """A pgbouncer before the server of a URL with a password; the same URL through it.

    It knows `databases`, and looks for the server at the port `at` where that is given.
    `password` is that by which it lets its clients in and logs in to the server; `settings` are those of pgbouncer.
    """
    behind = urlsplit(server.format(database="postgres"))
    user = "nobody" if os.geteuid() == 0 else None  # it refuses to run as root
    with _folder() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        said = {
            "listen_addr": "127.0.0.1",
            "listen_port": port,
            "unix_socket_dir": "",
            "auth_type": "scram-sha-256",
            "auth_file": folder / "users.txt",
            "logfile": folder / "log",
            **settings,
        }
        lines = ["[databases]", f"{databases} = host={behind.hostname} port={at or behind.port}", "[pgbouncer]"]
        lines += [f"{name} = {value}" for name, value in said.items()]
        (folder / "users.txt").write_text(f'"postgres" "{password}"\n', "utf-8")
        (folder / "pgbouncer.ini").write_text("\n".join(lines) + "\n", "utf-8")
        if user:
            shutil.chown(folder, user)
        command: list[str | Path] = [PGBOUNCER, "-q", folder / "pgbouncer.ini"]
        process = subprocess.Popen(command, cwd=folder, user=user)
        try:
            _wait_for(port, process)
            yield server.replace(f":{behind.port}/", f":{port}/")
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens there; fails where the process ends before."""
    while True:
        assert process.poll() is None, "pgbouncer ended"
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)


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
