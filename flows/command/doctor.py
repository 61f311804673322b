"""What keeps an installation from working: each finding says what was looked at, how it is, and what to do."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import duckdb

import contract
from flows.command.clocks import clocks
from flows.command.defined import defined
from flows.command.delivering import delivering, switched_off
from flows.command.finding import Finding
from flows.command.installation import installation
from flows.command.prefect_server import PrefectServer, authorization
from flows.command.schedules import schedules
from flows.command.start import answers
from flows.command.told import told
from flows.command.understood import understood
from flows.ground.build import Build
from flows.ground.checked import Checked
from flows.ground.clock import utc_second, utc_text
from flows.ground.errors import AgentMetricsError, HomeBusy, InputError, SourceRefused, SourceUnavailable
from flows.ground.extras import how_to_install
from flows.ground.home import Home
from flows.ground.progress import Progress, Silent
from flows.ground.text import counted
from flows.jobs.chosen import configured_sources
from flows.lake import Lake
from flows.lake.damage import glance
from flows.lake.manifests import HOW_TO_MEND
from flows.settings import Settings, credentials, prefect_api_url
from flows.settings.requests import Request
from flows.warehouses import Warehouse, named
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.publication import Publication, is_held
from flows.warehouses.standing import altered
from flows.warehouses.warehouse import Stand

DAMAGE_SHOWN = 5
USUAL_DAYS = 28  # before the newest conversation of an account, which say how many it usually has
EXPECTED = 5  # conversations that did not come: by chance none of them comes once in 150 times
USUAL = f"""
select last.account_id, last.newest, count(*)
from (
    select account_id, max(cast(started_at as timestamp with time zone)) as newest
    from metrics.conversations group by account_id
) as last
join metrics.conversations as conversations
    on last.account_id = conversations.account_id
    and cast(conversations.started_at as timestamp with time zone) > last.newest - interval '{USUAL_DAYS} days'
group by last.account_id, last.newest
order by last.account_id
"""
OLD_DAYS = 2  # since the newest event: nights and a day on which nobody writes are no sign of anything
ROOM = 5 * 2**30  # bytes that a build and its publication want free
USUAL_PREFECT = "http://127.0.0.1:4200/api"  # where `prefect server start` listens


def examine(request: Request, progress: Progress | None = None) -> list[Finding]:
    """Look at everything; a check that fails with an error is a problem of its own and hides no other finding."""
    progress = progress or Silent()
    progress.start("Examining the installation")
    findings = [*installation(progress)]
    progress.finish()
    try:
        settings = request.settings()
    except InputError as error:
        return [*findings, Finding("settings", "problem", str(error), is_configuration=True)]
    findings.append(Finding("settings", "ok", f"home {settings.home}, {len(settings.accounts)} accounts set here"))
    home = Home(settings.home)
    steps: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("home", lambda: _home(home)),
        ("sources", lambda: _sources(settings, progress)),
        ("segments", lambda: defined(settings)),
        ("engine", lambda: _engine(settings)),
        ("lake", lambda: _lake(Lake(home.lake, settings.lake))),
        ("candidate", lambda: _candidate(home)),
        *(("published", lambda one=one: _published(home, one)) for one in named(home, settings.warehouse)),
        ("measured", lambda: told(named(home, settings.warehouse)[0])),
        ("topics", lambda: understood(settings, named(home, settings.warehouse)[0])),
        ("zones", lambda: _zones(settings, named(home, settings.warehouse))),
        ("deliveries", lambda: delivering(settings)),
        ("prefect", lambda: _prefect(switched_off(settings))),
    )
    progress.start("Examining the settings and what they name", len(steps))
    for check, look in steps:
        progress.advance(what=check)
        try:
            findings += look()
        except (AgentMetricsError, OSError, ValueError, KeyError, TypeError, duckdb.Error) as error:
            remedy = "mend or remove the file or setting that this names"
            findings.append(Finding(check, "problem", " ".join(str(error).split()), remedy))
    progress.finish()
    return findings


def _home(home: Home) -> Iterator[Finding]:
    if not home.root.exists():
        above = next(folder for folder in home.root.absolute().parents if folder.exists())
        if os.access(above, os.W_OK):
            what = f"{home.root} does not exist"
            yield Finding("home", "warning", what, "the first run makes it; after that, give the right --home")
        else:
            what = f"{home.root} does not exist and cannot be made in {above}"
            yield Finding("home", "problem", what, "give another --home", is_configuration=True)
        return
    if not home.root.is_dir() or not os.access(home.root, os.W_OK | os.X_OK):
        what = f"{home.root} is not a folder that can be written to"
        yield Finding("home", "problem", what, "give another --home, or its permissions", is_configuration=True)
        return
    with tempfile.TemporaryDirectory(dir=home.root, prefix=".doctor-") as folder:
        one, two, three = (Path(folder) / name for name in ("one", "two", "three"))
        one.write_text("x", "utf-8")
        try:
            os.link(one, two)
        except OSError as error:
            yield Finding("home", "warning", f"no hard links here ({error.strerror})", "publishing copies instead")
        three.write_text("y", "utf-8")
        os.replace(one, three)
        if three.read_text("utf-8") == "x":
            yield Finding("home", "ok", f"{home.root} can be written to, and files can be renamed there")
    free = shutil.disk_usage(home.root).free
    size = home.candidate_file.stat().st_size if home.candidate_file.exists() else 0
    enough = free >= max(ROOM, 3 * size)
    remedy = None if enough else "a build wants three times the published file; make room"
    yield Finding("disk", "ok" if enough else "warning", f"{free / 2**30:,.1f} GiB are free", remedy)
    try:
        with home.lock():
            yield Finding("lock", "ok", "no run is at work")
    except HomeBusy as error:
        yield Finding("lock", "warning", error.what, error.remedy)


def _sources(settings: Settings, progress: Progress) -> Iterator[Finding]:
    apis = [one for one in configured_sources(settings) if one.account]
    for one in apis:
        progress.advance(0, what=f"asking {one}")
        try:
            yield Finding("sources", "ok", f"{one}: {one.client(settings, Silent()).check()}")
        except (InputError, SourceUnavailable) as error:
            is_configuration = isinstance(error, InputError | SourceRefused)
            yield Finding("sources", "problem", f"{one}: {error}", is_configuration=is_configuration)
    files = settings.sources.files
    if files is None and apis:
        return
    if files is None:
        yield Finding("sources", "warning", "none is configured", "give --path to a run, or add [sources.files]")
    elif not files.path.is_dir() or not os.access(files.path, os.R_OK | os.X_OK):
        what = f"{files.path} is not a folder that can be read"
        yield Finding("sources", "problem", what, "correct sources.files.path", is_configuration=True)
    else:
        yield Finding("sources", "ok", f"files from {files.path}")


def _engine(settings: Settings) -> Iterator[Finding]:
    if settings.engine == "duckdb":
        yield Finding("engine", "ok", f"duckdb, with {settings.memory_limit} of memory")
        return
    from flows.engines import cluster  # noqa: PLC0415  costs what engines cost

    try:
        yield Finding("engine", "ok", f"spark, the cluster at {cluster.ready(settings.spark)} answers")
    except InputError as error:
        yield Finding("engine", "problem", str(error), is_configuration=True)


def _lake(lake: Lake) -> Iterator[Finding]:
    loads = lake.newest()
    if not loads:
        yield Finding("lake", "ok", "nothing was loaded yet")
        return
    damaged = glance(lake)
    for one in damaged[:DAMAGE_SHOWN]:
        yield Finding("lake", "problem", one.sentence(), HOW_TO_MEND)
    if len(damaged) > DAMAGE_SHOWN:
        yield Finding("lake", "problem", f"{len(damaged):,} files are damaged", "run `agent-metrics lake verify`")
    if not damaged:
        yield Finding("lake", "ok", f"{loads:,} loads, {sum(file.rows for file in lake.files()):,} rows")


def _candidate(home: Home) -> Iterator[Finding]:
    build, checked = Build.read(home), Checked.read(home)
    if build is None and home.build_file.exists():
        what = "the description of the last build is damaged, or of another version"
        yield Finding("candidate", "warning", what, "the next run builds everything")
        return
    if build is None:
        yield Finding("candidate", "ok", "there is no complete build; the next run makes a new build")
        return
    files = [home.tables / "tables.json"] if build.engine == "spark" else [home.work_file, home.candidate_file]
    missing = [file for file in files if not file.is_file()]
    if missing:
        remedy = "run `agent-metrics build --full-refresh`"
        yield Finding("candidate", "problem", f"{missing[0]} is missing beside its build.json", remedy)
    elif not build.is_untouched(home):
        what = "somebody has written to the candidate since it was built"
        yield Finding("candidate", "warning", what, "the next run builds everything anew, and publishes nothing of it")
    elif checked is None or checked.build_id != build.build_id:
        yield Finding("candidate", "ok", f"build {build.build_id}, not checked yet")
    elif checked.verdict.is_open:
        yield Finding("candidate", "ok", f"build {build.build_id}, passed")
    else:
        yield Finding("candidate", "warning", f"build {build.build_id} did not pass", f"look at {home.check_page}")


def _published(home: Home, warehouse: Warehouse) -> Iterator[Finding]:
    hindrance = warehouse.hindrance()
    if hindrance:
        remedy = "let an administrator run `agent-metrics warehouse init`"
        yield Finding("published", "problem", f"{warehouse} cannot be published to: {hindrance}", remedy)
    standing = warehouse.standing()
    if standing is None:
        yield Finding("published", "ok", f"nothing is published yet in {warehouse}")
        return
    with warehouse.read() as reader:
        rows = reader.rows(
            "select table_name, column_name from information_schema.columns "
            "where table_catalog = current_database() and table_schema = 'metrics' "
            "order by table_name, ordinal_position"
        )
    found: dict[str, list[str]] = {}
    for table, column in rows:
        found.setdefault(table, []).append(column)
    wanted = {name: [column.name for column in table.columns] for name, table in contract.metrics().items()}
    differing = sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))
    if differing:
        what = f"these tables of {warehouse} are not as the contract says: {', '.join(differing)}"
        yield Finding("published", "problem", what, "publish again with this version")
    else:
        what = f"{standing.newest.publication_id} in {warehouse}, all {len(wanted)} tables of the contract"
        yield Finding("published", "ok", what)
    if altered(home, [Stand(warehouse, standing)]):
        what = f"somebody has written to {warehouse} since it was published"
        yield Finding("published", "problem", what, "run `agent-metrics publish`")
    yield from _fresh(standing.newest)
    yield from _silent(warehouse, standing.newest)
    yield from _values(home, warehouse)
    if is_held(home, standing):
        yield Finding("published", "warning", "publications are held", "run `agent-metrics publish --resume`")


def _fresh(newest: Publication) -> Iterator[Finding]:
    """Whether what is published is of these days: a source that delivers nothing any more fails nowhere."""
    if newest.data_up_to is None:
        return
    days = (datetime.now(UTC) - newest.data_up_to) // timedelta(days=1)
    what = f"the newest event is of {utc_text(newest.data_up_to)}"
    if days >= OLD_DAYS:
        remedy = "see that the schedule runs and that the sources deliver: `agent-metrics status`"
        yield Finding("fresh", "warning", f"{what}, {counted(days, 'day')} ago", remedy)
    else:
        yield Finding("fresh", "ok", what)


def _silent(warehouse: Warehouse, newest: Publication) -> Iterator[Finding]:
    """Accounts that nobody writes to any more, which others with new events hide."""
    with warehouse.read() as reader:
        rows = reader.rows(USUAL) if reader.sees("metrics.conversations", "started_at") else []
    for account, last, usual in rows:
        days = ((newest.data_up_to or newest.as_of) - last) // timedelta(days=1)
        if days >= OLD_DAYS and usual * days >= EXPECTED * USUAL_DAYS:
            behind = f"{counted(days, 'day')} before the newest event of all"
            what = f"the newest conversation of {account} is of {utc_second(last)}, {behind}"
            remedy = "see that its sources deliver and that its agent answers"
            yield Finding("fresh", "warning", what, remedy)


def _zones(settings: Settings, warehouses: Collection[Warehouse]) -> Iterator[Finding]:
    shown = [one for one in warehouses if one.standing()]
    accounts: dict[str, set[str]] = {}
    for one in settings.accounts:
        accounts.setdefault(one.timezone, set()).add(one.account_id)
    for warehouse in shown:
        with warehouse.read() as reader:
            for account, zone in reader.rows("select account_id, timezone from metrics.accounts"):
                accounts.setdefault(zone, set()).add(account)
    found = [*clocks(accounts, shown, datetime.now(UTC))]
    agree = Finding("zones", "ok", f"{counted(len(accounts), 'time zone')}, the same everywhere")
    yield from found or [agree]


def _values(home: Home, warehouse: Warehouse) -> Iterator[Finding]:
    """Some rows of a database beside the file that was published."""
    if isinstance(warehouse, DuckDBFile):
        return
    from flows.warehouses.postgres import Postgres  # noqa: PLC0415  only where there is one
    from flows.warehouses.postgres.comparing import differing  # noqa: PLC0415

    assert isinstance(warehouse, Postgres)  # noqa: S101  there are no others
    try:
        found = differing(home, warehouse, Silent(), in_sample=True)
    except InputError as error:
        yield Finding("values", "warning", f"not compared with what was published: {error}")
        return
    if found:
        what = f"rows of {', '.join(found)} in {warehouse} are not as they were published"
        remedy = "run `agent-metrics warehouse verify`, and then `agent-metrics publish`"
        yield Finding("values", "problem", what, remedy)
    else:
        yield Finding("values", "ok", f"some rows of each table of {warehouse} are as they were published")


def _prefect(off: Collection[str]) -> Iterator[Finding]:
    url = prefect_api_url()
    if url is None:
        if not answers(USUAL_PREFECT):
            yield Finding("prefect", "ok", "no server is set; runs need none")
            return
        remedy = f"export PREFECT_API_URL={USUAL_PREFECT} if it is yours"
        yield Finding("prefect", "warning", "a server answers on this machine, and PREFECT_API_URL is not set", remedy)
        return
    shown = re.sub(r"//[^/@]*@", "//", url)  # what stands before the @ is a password
    if find_spec("prefect") is None:
        what, remedy = f"{shown} is set, and Prefect is not installed", how_to_install("prefect")
        yield Finding("prefect", "problem", what, f"{remedy}, or unset PREFECT_API_URL", is_configuration=True)
    elif answers(url):
        yield Finding("prefect", "ok", f"{shown} answers")
        yield from schedules(PrefectServer(url, authorization(credentials())), shown, off=off)
    else:
        what = f"{shown} does not answer, so whether schedules fire is not known"
        remedy = "start the server, or unset PREFECT_API_URL"
        yield Finding("prefect", "problem", what, remedy, is_configuration=True)
