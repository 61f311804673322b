"""The command `agent-metrics`.

Exit status: 0 published or nothing new, 1 something else went wrong, 2 the user's input or configuration, 3 the gate
is closed or a guard holds a delivery, 4 another run is at work, 5 a source could not be read or a destination did not
take everything, 130 interrupted. Prefect, dbt and Great Expectations
are imported by the commands that need them and by no other.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer

from flows.command.console import Console
from flows.ground.errors import AgentMetricsError, GateClosed, InputError
from flows.ground.interrupts import INTERRUPTED, INTERRUPTS
from flows.settings import is_debugging

# The modules with the commands. Only that of the command which was asked for is imported: all of them take longer than
# many a command does.
COMMANDS = {
    "working": ("run", "pull", "build", "check", "publish", "compact", "reconcile", "rollback", "demo"),
    "standing": ("status", "doctor"),
    "reporting": ("report",),
    "exporting": ("export",),
    "page": ("dashboard",),
    "serve": ("serve",),
    "up": ("up",),
}
GROUPS = (
    "topics",
    "segments",
    "events",
    "follow-ups",
    "handoffs",
    "deliveries",
    "rows",
    "metrics",
    "lake",
    "warehouse",
)


def app(given: Sequence[str] = ()) -> typer.Typer:
    """The commands, or those of the module whose command is asked for."""
    asked = next((word for word in given if not word.startswith("-")), None)
    found = [module for module, names in COMMANDS.items() if asked in names] + [one for one in GROUPS if one == asked]
    commands = typer.Typer(
        help="Analytics that a shop owns for its AI customer agent: pull, build, check, publish.",
        add_completion=False,
        pretty_exceptions_enable=False,
        callback=_options,
    )
    for module in found or [*COMMANDS, *GROUPS]:
        name = module if module in GROUPS else None
        found_in = importlib.import_module(f"flows.command.{module.replace('-', '_')}")
        commands.add_typer(found_in.app, name=name)
    return commands


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, of this process where no `arguments` are given; its exit status."""
    INTERRUPTS.is_heard = False  # of an earlier command in this process
    given = list(sys.argv[1:] if arguments is None else arguments)
    console = Console(as_json="--json" in given, is_debugging="--debug" in given or is_debugging())
    try:
        command: Any = typer.main.get_command(app(given))
        status: int | None = command.main(given or ["--help"], prog_name="agent-metrics", standalone_mode=False)
        if status == INTERRUPTED:  # Typer's word for Ctrl-C
            raise KeyboardInterrupt
    except GateClosed as closed:
        return _closed(closed, console)
    except KeyboardInterrupt:
        return console.fail(KeyboardInterrupt("interrupted; the last publication stands"), INTERRUPTED)
    except typer.TyperException as error:
        usage = InputError(
            error.format_message().rstrip("."), remedy="`agent-metrics --help` and `… COMMAND --help` show the usage"
        )
        return console.fail(usage, usage.exit_status)
    except Exception as error:  # the last resort: whatever it is, the user gets one sentence
        if INTERRUPTS.is_heard:
            return console.fail(KeyboardInterrupt("interrupted; the last publication stands"), INTERRUPTED)
        known = _known(error)
        return console.fail(known, known.exit_status)
    return int(status or 0)


def script() -> NoReturn:
    """The command `agent-metrics`: one command, and the end of the process."""
    # A command imports thousands of modules, which stay: to look for garbage among them takes a tenth of a short run.
    gc.set_threshold(100_000, 20, 100)
    status = main()
    if status == INTERRUPTED:  # threads of libraries that are still at work would be waited for
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)


def _closed(closed: GateClosed, console: Console) -> int:
    """Say which checks closed the gate; the exit status."""
    from flows.command import documents, summary  # noqa: PLC0415  most commands need neither
    from flows.jobs import Closed  # noqa: PLC0415

    if not isinstance(closed, Closed):
        return console.fail(closed, closed.exit_status)
    if not console.as_json:
        console.show({}, summary.closed_gate(closed))
    return console.fail(closed, closed.exit_status, documents.result_document(closed.result))


def _known(error: Exception) -> AgentMetricsError:
    """The error as an error of ours, with the traceback of the original."""
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
        from importlib.metadata import version  # noqa: PLC0415  takes time, and is asked for here alone

        typer.echo(f"agent-metrics {version('customer-agent-metrics')}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    return
