"""The command `agent-metrics`.

Exit status: 0 published or nothing new, 1 something else went wrong, 2 the user's input or configuration, 3 the gate
is closed, 4 another run is at work, 5 a source could not be read, 130 interrupted. Prefect, dbt and Great Expectations
are imported by the commands that need them and by no other.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, Any

import typer

from flows import settings as configuration
from flows.command import report_shown, summary
from flows.command.console import Console
from flows.command.credentials import out_of_sight
from flows.command.doctor import examine, exit_status
from flows.command.options import (
    AsOfOption,
    ConfigOption,
    DebugOption,
    EngineOption,
    FirstOption,
    HomeOption,
    JsonOption,
    LastOption,
    PathOption,
    RefreshOption,
    RejectedOption,
    SourceOption,
    VolumeOption,
    WarehouseOption,
)
from flows.command.reading import app as published_commands
from flows.command.start import start
from flows.command.status import status as status_of
from flows.command.topics import app as topic_commands
from flows.command.warehouse import app as warehouse_commands
from flows.ground.errors import AgentMetricsError, InputError
from flows.ground.home import Home
from flows.ground.interrupts import INTERRUPTS
from flows.jobs import stages
from flows.jobs.stages import Closed, Result
from flows.jobs.steps import Ask
from flows.published.recent import recent_reports
from flows.warehouses import Warehouse, named

DEMO_AS_OF = "2026-06-07T12:00:00Z"

app = typer.Typer(
    help="Analytics that a shop owns for its AI customer agent: pull, build, check, publish.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(published_commands)
app.add_typer(topic_commands, name="topics")
app.add_typer(warehouse_commands, name="warehouse")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit status."""
    given = out_of_sight(arguments)
    console = Console(as_json="--json" in given, is_debugging="--debug" in given or configuration.is_debugging())
    try:
        status: int | None = typer.main.get_command(app).main(
            given or ["--help"], prog_name="agent-metrics", standalone_mode=False
        )
        if status == 130:  # Typer's word for Ctrl-C
            raise KeyboardInterrupt
    except Closed as closed:
        if not console.as_json:
            console.show({}, summary.closed_gate(closed))
        return console.fail(closed, closed.exit_status, closed.result.to_json_dict())
    except KeyboardInterrupt:
        return console.fail(KeyboardInterrupt("interrupted; what was published stands"), 130)
    except typer.TyperException as error:
        usage = InputError(
            error.format_message(), remedy="`agent-metrics --help` and `… COMMAND --help` show the usage"
        )
        return console.fail(usage, usage.exit_status)
    except Exception as error:  # the last resort: whatever it is, the user gets one sentence
        if INTERRUPTS.is_heard:
            return console.fail(KeyboardInterrupt("interrupted; what was published stands"), 130)
        known = _known(error)
        return console.fail(known, known.exit_status)
    return int(status or 0)


def _known(error: Exception) -> AgentMetricsError:
    """The error as one of ours, with the traceback of the original."""
    if isinstance(error, AgentMetricsError):
        return error
    if isinstance(error, OSError):
        where = str(error.filename) if error.filename else None
        known = AgentMetricsError(error.strerror or str(error), where=where, remedy="check the path and its disk")
    else:
        what = f"{type(error).__name__}: {error}"
        known = AgentMetricsError(what, remedy="this should not happen; run again with --debug to see where")
    known.__cause__ = error
    return known


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"agent-metrics {version('customer-agent-metrics')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    return


@app.command()
def run(
    *,
    home: HomeOption = None,
    source: SourceOption = None,
    path: PathOption = None,
    as_of: AsOfOption = None,
    full_refresh: RefreshOption = False,
    engine: EngineOption = None,
    warehouse: WarehouseOption = None,
    max_rejected_share: RejectedOption = None,
    max_volume_drop: VolumeOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """The main job: pull, build, check and publish what passed."""
    return _stage(
        Console(as_json=as_json, is_debugging=debug),
        "run",
        home=home,
        config=config,
        source=source or [],
        path=path,
        as_of=as_of,
        full_refresh=full_refresh,
        engine=engine,
        warehouse=warehouse or [],
        max_rejected_share=max_rejected_share,
        max_volume_drop=max_volume_drop,
    )


@app.command()
def pull(
    *,
    home: HomeOption = None,
    source: SourceOption = None,
    path: PathOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Load what the sources have that is new."""
    console = Console(as_json=as_json, is_debugging=debug)
    return _stage(console, "pull", home=home, config=config, source=source or [], path=path)


@app.command()
def build(
    *,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    full_refresh: RefreshOption = False,
    engine: EngineOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Derive the candidate from what was loaded."""
    console = Console(as_json=as_json, is_debugging=debug)
    return _stage(console, "build", home=home, config=config, as_of=as_of, full_refresh=full_refresh, engine=engine)


@app.command()
def check(
    *,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    max_rejected_share: RejectedOption = None,
    max_volume_drop: VolumeOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Check the whole candidate."""
    asked = {"max_rejected_share": max_rejected_share, "max_volume_drop": max_volume_drop, "warehouse": warehouse or []}
    return _stage(Console(as_json=as_json, is_debugging=debug), "check", home=home, config=config, **asked)


@app.command()
def publish(
    *,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="End the hold that going back began.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Publish the candidate that passed."""
    asked = {"resume": resume, "warehouse": warehouse or []}
    return _stage(Console(as_json=as_json, is_debugging=debug), "publish", home=home, config=config, **asked)


@app.command()
def compact(
    *, home: HomeOption = None, config: ConfigOption = None, as_json: JsonOption = False, debug: DebugOption = False
) -> int:
    """Rewrite the small files of many loads into few large ones."""
    return _stage(Console(as_json=as_json, is_debugging=debug), "compact", home=home, config=config)


@app.command()
def reconcile(
    *,
    first: FirstOption,
    last: LastOption,
    account: Annotated[str | None, typer.Option("--account", help="Id of one account, instead of all.")] = None,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    engine: EngineOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Hold what a source itself reports of a range of dates against ours, and publish both."""
    console = Console(as_json=as_json, is_debugging=debug)
    asked = {"account": account, "engine": engine, "warehouse": warehouse or []}
    result = start(console, "reconcile", home=home, config=config, first=first, last=last, **asked)
    console.show(result.to_json_dict(), [*summary.what_was_done(result), *summary.reconciliation_lines(result)])
    return result.exit_status


@app.command()
def rollback(
    *,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    to: Annotated[
        str | None, typer.Option("--to", help="Publication to bring back. The default is the one before.")
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Bring an earlier publication back and hold further ones."""
    console = Console(as_json=as_json, is_debugging=debug)
    with console.working():
        result = stages.rollback(Ask(home=home, config=config, warehouse=warehouse or []), to)
    return _show(console, result)


@app.command()
def status(
    *,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """What is published, what is next, and what was refused."""
    console = Console(as_json=as_json, is_debugging=debug)
    found = status_of(*_warehouses(home, config, warehouse))
    console.show(found.to_json_dict(), summary.status_lines(found))
    return 0


@app.command()
def doctor(
    *,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Find what keeps this installation from working, and what to do about it."""
    console = Console(as_json=as_json, is_debugging=debug)
    with console.working():
        findings = examine(Ask(home=home, config=config, warehouse=warehouse or []))
    document = {"findings": [vars(finding) for finding in findings], "exit_status": exit_status(findings)}
    console.show(document, (finding.line() for finding in findings))
    return exit_status(findings)


@app.command()
def demo(
    *,
    home: HomeOption = None,
    warehouse: WarehouseOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Write a demo shop and run the main job on it."""
    from flows.demo import write_shop  # noqa: PLC0415  only this command needs it

    console = Console(as_json=as_json, is_debugging=debug)
    at, named = _warehouses(home, config, warehouse)
    shop = at.root / "shop"
    if at.lake.exists() and not shop.exists():
        raise InputError("this home holds other data", where=str(at.root), remedy="give the demo a --home of its own")
    if not shop.exists():
        console.say("Writing the demo shop …")
        unfinished = at.root / ".shop.tmp"
        shutil.rmtree(unfinished, ignore_errors=True)
        write_shop(unfinished)
        os.replace(unfinished, shop)  # a shop that is there is whole
    ask = {"home": str(at.root), "config": config, "source": ["files"], "path": str(shop), "as_of": DEMO_AS_OF}
    result = start(console, "run", **ask, warehouse=warehouse or [])
    behind = {one["warehouse"] for one in result.behind()}
    with next(one for one in named if str(one) not in behind).read() as reader:
        figures = recent_reports(reader)
    console.show(
        {**result.to_json_dict(), "figures": [one.to_json_dict() for one in figures]},
        [
            *summary.what_was_done(result),
            "",
            *report_shown.key_figures(figures),
            "",
            *summary.after_demo(figures, at.root),
        ],
    )
    return result.exit_status


def _stage(console: Console, stage: str, **asked: Any) -> int:
    return _show(console, start(console, stage, **asked))


def _show(console: Console, result: Result) -> int:
    console.show(result.to_json_dict(), summary.summary(result))
    return result.exit_status


def _warehouses(home: str | None, config: str | None, warehouse: list[str] | None) -> tuple[Home, list[Warehouse]]:
    settings = Ask(home=home, config=config, warehouse=warehouse or []).settings()
    at = Home(settings.home)
    return at, named(at, settings.warehouse)
