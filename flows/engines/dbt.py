"""Running the dbt project in this process."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.engines import fingerprint
from flows.engines.fingerprint import PROJECT
from flows.ground.errors import BuildFailed, StorageFailed
from flows.ground.home import Home
from flows.ground.progress import Progress

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult
    from dbt.contracts.graph.manifest import Manifest

THREADS = 4  # models at once: while DuckDB works on one, dbt prepares others
TOPICS = "tag:topics"  # the models that count questions, once they are grouped; all others come before
VIEWS = "config.materialized:view"
DISK_IS_FULL = ("No space left on device", "File too large", "disk quota exceeded")

_parsed: dict[str, Manifest] = {}  # the one that this process works with, by what it was read from


@dataclass(frozen=True)
class Ran:
    """The project as dbt understood it, and by model what it told the database, in this order."""

    manifest: Manifest
    told: dict[str, list[str]]


def run(
    home: Home,
    *,
    select: Sequence[str] = (),
    exclude: Sequence[str] = (),
    is_full: bool,
    target: str,
    environment: Mapping[str, str],
    progress: Progress,
) -> Ran:
    """`dbt run` of some models on the candidate of this home; `environment` is what the profile `target` asks for.

    `select` and `exclude` are dbt's words for models, none of them for all.
    Raises StorageFailed when the disk is full, BuildFailed when a model fails; the candidate is then not complete.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager  # noqa: PLC0415 - takes seconds to import

    os.environ.update(environment)
    told: dict[str, list[str]] = {}

    def show(event: Any) -> None:
        if event.info.name == "LogStartLine":
            if event.data.index == 1:
                progress.start("build", event.data.total)
            told[event.data.node_info.node_name] = []
            progress.advance(1, event.data.description.split(" model ")[-1])
        elif event.info.name == "SQLQuery" and event.data.node_info.node_name in told:
            told[event.data.node_info.node_name].append(event.data.sql)

    chosen = [
        word for option, names in (("--select", select), ("--exclude", exclude)) if names for word in (option, *names)
    ]
    options = ["--fail-fast", "--threads", str(THREADS), *(["--full-refresh"] if is_full else [])]
    try:
        manifest = _manifest(home, target)
        _invoke(home, target, ["run", *chosen, *options], manifest, show)
        return Ran(manifest, told)
    finally:
        DuckDBConnectionManager.close_all_connections()
        progress.finish()


def _manifest(home: Home, target: str) -> Manifest:
    """The project as dbt understands it, kept in this process and beside dbt's own files.

    What differs between homes and runs is no part of it. To read the project takes longer than many a build.
    """
    key = fingerprint.digest([target, fingerprint.of_text(target), str(PROJECT), version("dbt-core")])
    if key not in _parsed:
        kept = home.dbt / target / f"manifest-{key}.msgpack"
        manifest = _read(kept)
        if manifest is None:
            manifest = _invoke(home, target, ["parse"]).result
            _keep(manifest, kept)
        _parsed.clear()
        _parsed[key] = manifest
    return _parsed[key]


def _read(kept: Path) -> Manifest | None:
    """The manifest of an earlier process; None where there is none, or it is damaged."""
    from dbt.contracts.graph.manifest import Manifest  # noqa: PLC0415 - takes seconds to import

    try:
        return Manifest.from_msgpack(kept.read_bytes())
    except FileNotFoundError:
        return None
    except Exception:  # whatever is wrong with it: it is made again
        return None


def _keep(manifest: Manifest, kept: Path) -> None:
    """For the processes after this one."""
    for earlier in kept.parent.glob("manifest-*.msgpack"):
        earlier.unlink()
    temporary = kept.with_suffix(".tmp")
    temporary.write_bytes(manifest.to_msgpack())
    temporary.replace(kept)


def _invoke(
    home: Home,
    target: str,
    command: Sequence[str],
    manifest: Manifest | None = None,
    show: Callable[[Any], None] | None = None,
) -> dbtRunnerResult:
    """What came of a dbt command; raises as `run` does, and what asked this process to end."""
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - takes seconds to import

    log = home.dbt / "logs"
    result = dbtRunner(manifest, [show] if show else []).invoke(
        [
            *command,
            "--project-dir", str(PROJECT),
            "--profiles-dir", str(PROJECT),
            "--target", target,
            "--target-path", str(home.dbt / target),
            "--log-path", str(log),
            "--log-level", "none",
            "--log-level-file", "info",
            "--quiet",
            "--no-write-json",  # megabytes in each build that nobody reads
        ]
    )  # fmt: skip
    if result.success:
        return result
    if result.exception and not isinstance(result.exception, Exception):
        raise result.exception  # Ctrl-C, or Prefect's word that the run was cancelled: nothing failed
    failures = [node for node in getattr(result.result, "results", None) or () if node.status in {"error", "fail"}]
    what = str(failures[0].message if failures else result.exception)
    raise failure(what, failures[0].node.name if failures else "dbt", log / "dbt.log")


def failure(what: str, where: str, log: Path) -> StorageFailed | BuildFailed:
    """What to raise of a model that failed: StorageFailed when the disk is full."""
    what = " ".join(what.split())
    if any(sign in what for sign in DISK_IS_FULL):
        remedy = "make room on the disk and run again; the last publication stands"
        return StorageFailed(what, where=where, remedy=remedy)
    return BuildFailed(what, where=where, remedy=f"see {log}; the last publication stands")
