"""The home: one folder that holds the lake, the candidate and the publications of an installation.

<home>/
  lake/                      append-only: what sources delivered (rooms: flows/lake)
  candidate/work.duckdb      staging and intermediate tables of the last build
  candidate/metrics.duckdb   the tables that would be published next
  candidate/spark/           the same tables as Parquet, where the engine spark built them
  candidate/build.json       written when a build is complete; absent while one is under way
  candidate/check.json       the gate's verdict on that build; check.html is its page
  topics/                    how questions are grouped (flows/questions/state.py); kept from build to build
  segments/                  copies of the definitions of segments that counted last
  deliveries.sqlite3         the ledger of what was delivered to other systems, and of what could not be
  publications/<id>.duckdb   the last publications, kept for going back; older ones as what differs in them (.zip)
  warehouse.duckdb           what readers open: the newest publication; up to version 0.2 it is metrics.duckdb
  dbt/                       dbt's own working files (parse cache, logs)
  prefect/                   history of the Prefect server that `agent-metrics up` starts; logs/ of what it starts
  run.lock, compact.lock     held by the run, and by the compaction, that is at work; up.lock by `agent-metrics up`;
                             deliver.lock by the delivery that is at work, handoffs.lock by hand-offs
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.ground.errors import HomeBusy, InputError

_OF_PATHS = ("ENOENT", "ENOTDIR", "EEXIST", "EISDIR", "ENAMETOOLONG", "ELOOP")
# What keeps a home from being opened and is the user's to change; anything else is trouble of the disk.
OF_THE_USER = {getattr(errno, name) for name in (*_OF_PATHS, "EACCES", "EPERM", "EROFS")}


@dataclass(frozen=True)
class Home:
    """Paths of one installation; nothing is created by naming them."""

    root: Path

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def candidate(self) -> Path:
        return self.root / "candidate"

    @property
    def work_file(self) -> Path:
        return self.candidate / "work.duckdb"

    @property
    def candidate_file(self) -> Path:
        return self.candidate / "metrics.duckdb"

    @property
    def tables(self) -> Path:
        return self.candidate / "spark"

    @property
    def build_file(self) -> Path:
        return self.candidate / "build.json"

    @property
    def check_file(self) -> Path:
        return self.candidate / "check.json"

    @property
    def check_page(self) -> Path:
        return self.candidate / "check.html"

    @property
    def topics(self) -> Path:
        return self.root / "topics"

    @property
    def segments(self) -> Path:
        """Copies of the definitions of segments that counted last."""
        return self.root / "segments"

    @property
    def deliveries(self) -> Path:
        """The ledger of what was delivered to other systems (flows/delivery/ledger.py)."""
        return self.root / "deliveries.sqlite3"

    @property
    def publications(self) -> Path:
        return self.root / "publications"

    @property
    def published_file(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def former_published_file(self) -> Path:
        """Its name up to version 0.2; the next publishing renames it."""
        return self.root / "metrics.duckdb"

    @property
    def dbt(self) -> Path:
        return self.root / "dbt"

    @property
    def prefect(self) -> Path:
        return self.root / "prefect"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def up_lock(self) -> Path:
        return self.root / "up.lock"

    def lock(self) -> AbstractContextManager[None]:
        """Hold this home for one run. The system frees the lock when the process ends, however it ends.

        While it is held, what this process writes is readable by its owner only. Raises HomeBusy when another process
        holds it, InputError where the home cannot be written to.
        """
        return self._held("run.lock", "another run", ", or wait for it with --wait MINUTES")

    def compacting(self) -> AbstractContextManager[None]:
        """Hold the lake's upkeep; runs go on beside it. Raises HomeBusy as `lock` does."""
        return self._held("compact.lock", "another compaction", "")

    def up(self) -> AbstractContextManager[None]:
        """Hold the processes that stay; runs go on. Raises HomeBusy as `lock` does."""
        return self._held(self.up_lock.name, "another `agent-metrics up`", "")

    def delivering(self) -> AbstractContextManager[None]:
        """Hold the deliveries, but for hand-offs; runs go on. Raises HomeBusy as `lock` does."""
        return self._held("deliver.lock", "another delivery", ", or wait for it with --wait MINUTES")

    def handing_over(self) -> AbstractContextManager[None]:
        """Hold the hand-offs: people wait for them, and a sync of segments may take hours. Raises as `lock` does."""
        return self._held("handoffs.lock", "another run of hand-offs", ", or wait for it with --wait MINUTES")

    @contextmanager
    def _held(self, name: str, who: str, or_else: str) -> Iterator[None]:
        new = list(self._missing())
        descriptor = self._locked(name, who, or_else)
        umask = os.umask(0o077)  # whatever the user's is: what is written here holds what shoppers wrote
        try:
            yield
        except BaseException:
            self._unmake(name, new)
            raise
        finally:
            os.umask(umask)
            os.close(descriptor)

    def _missing(self) -> Iterator[Path]:
        """The folders that are made for the home, the innermost first."""
        with suppress(OSError):  # whatever is wrong with a name is said when it is made
            yield from (folder for folder in (self.root, *self.root.parents) if not folder.exists())

    def _locked(self, name: str, who: str, or_else: str) -> int:
        """The descriptor of the file of that name, locked, and with our process in it."""
        while True:
            descriptor = self._opened(name)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
                os.close(descriptor)
                raise HomeBusy(
                    f"{who} (process {holder or 'unknown'}) is at work on this home",
                    where=str(self.root),
                    remedy=f"run again when it has ended{or_else}",
                ) from None
            if os.fstat(descriptor).st_nlink:  # else whoever held it has taken it away
                break
            os.close(descriptor)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return descriptor

    def _unmake(self, name: str, new: Sequence[Path]) -> None:
        """Take a home away that was made for a run which then refused to start: nothing but its lock is in it."""
        with suppress(OSError):  # another process may have begun here
            if new and [one.name for one in self.root.iterdir()] == [name]:
                (self.root / name).unlink()
                for folder in new:
                    folder.rmdir()

    def _opened(self, name: str) -> int:
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self.root / name, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            if error.errno not in OF_THE_USER:
                raise
            what = f"is not a folder that can be written to ({error.strerror})"
            remedy = "give another --home, or its permissions"
            raise InputError(what, where=str(self.root), remedy=remedy) from error


def write_durably(path: Path, text: str) -> None:
    """Replace `path` by `text` at once: a reader, or a kill, sees the old file or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in `path`, or None where there is no such file."""
    try:
        document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    return document
