"""The commands `agent-metrics warehouse …`, for administrators."""

from __future__ import annotations

from typing import Annotated

import typer

from flows import settings as configuration
from flows.command.console import Console
from flows.command.options import ConfigOption, DebugOption, HomeOption, JsonOption, WarehouseOption
from flows.ground.address import Address
from flows.ground.errors import InputError
from flows.jobs.steps import Ask

app = typer.Typer(help="Prepare a metrics warehouse in Postgres.", add_completion=False)


@app.callback()
def _group() -> None:
    return


@app.command()
def init(
    *,
    warehouse: WarehouseOption = None,
    writer: Annotated[str, typer.Option("--writer", help="Role that publishes.")] = "agent_metrics_writer",
    reader: Annotated[str, typer.Option("--reader", help="Role that reads everything.")] = "agent_metrics_reader",
    limited_reader: Annotated[
        str, typer.Option("--limited-reader", help="Role that sees no texts, no contact data, no refused rows.")
    ] = "agent_metrics_limited_reader",
    account: Annotated[
        str | None, typer.Option("--account", help="The only account that the limited reader sees.")
    ] = None,
    home: HomeOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
    debug: DebugOption = False,
) -> int:
    """Make the roles that publish and read, as an administrator; safe to run again."""
    from flows.warehouses.postgres import Roles, prepare  # noqa: PLC0415  only this command needs it

    console = Console(as_json=as_json, is_debugging=debug)
    settings = Ask(home=home, config=config, warehouse=warehouse or []).settings()
    address = _postgres(settings.warehouse)
    passwords = {role: configuration.role_password(role) for role in configuration.ROLE_PASSWORDS}
    done = prepare(address, Roles(writer, reader, limited_reader, account), passwords)
    console.show({"warehouse": str(address), "done": done, "exit_status": 0}, done)
    return 0


def _postgres(addresses: tuple[Address, ...]) -> Address:
    found = [one for one in addresses if not one.is_file]
    if len(found) != 1:
        remedy = "give --warehouse postgresql://…, as an administrator"
        raise InputError("this needs exactly one warehouse in Postgres", remedy=remedy)
    return found[0]
