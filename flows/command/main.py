"""The command `agent-metrics`.

Exit status: 0 published or nothing new, 1 something else went wrong, 2 the user's input or configuration, 3 the gate
is closed, 4 another run is at work, 5 a source could not be read, 130 interrupted. Prefect, dbt and Great Expectations
are imported by the commands that need them and by no other.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated, NoReturn

import typer

from flows.command import documents, summary
from flows.command.console import Console
from flows.command.lake import app as lake_commands
from flows.command.metrics import app as metrics_commands
from flows.command.reading import app as reading_commands
from flows.command.rows import app as row_commands
from flows.command.topics import app as topic_commands
from flows.command.up import app as up_commands
from flows.command.warehouse import app as warehouse_commands
from flows.command.working import app as working_commands
from flows.ground.errors import AgentMetricsError, InputError
from flows.ground.interrupts import INTERRUPTED, INTERRUPTS
from flows.jobs import Closed
from flows.settings import is_debugging

app = typer.Typer(
    help="Analytics that a shop owns for its AI customer agent: pull, build, check, publish.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(working_commands)
app.add_typer(reading_commands)
app.add_typer(up_commands)
app.add_typer(topic_commands, name="topics")
app.add_typer(row_commands, name="rows")
app.add_typer(metrics_commands, name="metrics")
app.add_typer(lake_commands, name="lake")
app.add_typer(warehouse_commands, name="warehouse")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, of this process where no `arguments` are given; its exit status."""
    INTERRUPTS.is_heard = False  # of an earlier command in this process
    given = list(sys.argv[1:] if arguments is None else arguments)
    console = Console(as_json="--json" in given, is_debugging="--debug" in given or is_debugging())
    try:
        status: int | None = typer.main.get_command(app).main(
            given or ["--help"], prog_name="agent-metrics", standalone_mode=False
        )
        if status == INTERRUPTED:  # Typer's word for Ctrl-C
            raise KeyboardInterrupt
    except Closed as closed:
        if not console.as_json:
            console.show({}, summary.closed_gate(closed))
        return console.fail(closed, closed.exit_status, documents.result_document(closed.result))
    except KeyboardInterrupt:
        return console.fail(KeyboardInterrupt("interrupted; the last publication stands"), INTERRUPTED)
    except typer.TyperException as error:
        usage = InputError(
            error.format_message(), remedy="`agent-metrics --help` and `… COMMAND --help` show the usage"
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
        typer.echo(f"agent-metrics {version('customer-agent-metrics')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    return
