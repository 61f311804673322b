"""The commands `agent-metrics warehouse …`, for administrators."""

from __future__ import annotations

import typer
from pydantic import Field

from flows.command.console import Console
from flows.command.options import command
from flows.ground.address import Address
from flows.ground.errors import InputError
from flows.ground.home import Home
from flows.settings import role_password
from flows.settings.environment import ROLE_PASSWORDS
from flows.settings.requests import WarehouseRequest

app = typer.Typer(help="Prepare a metrics warehouse in Postgres.", add_completion=False)


@app.callback()
def _group() -> None:
    return


class InitRequest(WarehouseRequest):
    """The roles of a warehouse."""

    writer: str = Field(default="agent_metrics_writer", description="Role that publishes.")
    reader: str = Field(default="agent_metrics_reader", description="Role that reads everything.")
    limited_reader: str = Field(
        default="agent_metrics_limited_reader",
        description="Role that sees no texts, no contact data, no refused rows.",
    )
    account: str | None = Field(default=None, description="The only account that the limited reader sees.")


@command(app, InitRequest)
def init(request: InitRequest, console: Console) -> int:
    """Make the roles that publish and read, as an administrator; safe to run again."""
    from flows.warehouses.postgres import Roles, prepare  # noqa: PLC0415  only this command needs it

    address = _postgres(request.settings().warehouse)
    passwords = {role: role_password(role) for role in ROLE_PASSWORDS}
    roles = Roles(request.writer, request.reader, request.limited_reader, request.account)
    done = prepare(address, roles, passwords)
    console.show({"warehouse": str(address), "done": done, "exit_status": 0}, done)
    return 0


@command(app, WarehouseRequest)
def verify(request: WarehouseRequest, console: Console) -> int:
    """Compare every value in Postgres with what was published; where rows differ, publishing sends all anew."""
    from flows.warehouses.postgres import Postgres  # noqa: PLC0415
    from flows.warehouses.postgres.comparing import differing, distrust  # noqa: PLC0415

    settings = request.settings()
    postgres = Postgres(Home(settings.home), _postgres(settings.warehouse), settings.memory_limit)
    with postgres.home.lock(), console.working() as progress:
        found = differing(postgres.home, postgres, progress)
        if found:
            distrust(postgres.address)
    lines = [f"{table}: {count:,} rows are not as they were published" for table, count in found.items()]
    end = "run `agent-metrics publish`, which sends everything anew" if found else "every value is as it was published"
    status = 1 if found else 0
    console.show({"warehouse": str(postgres), "differing_rows": found, "exit_status": status}, [*lines, end])
    return status


def _postgres(addresses: tuple[Address, ...]) -> Address:
    found = [one for one in addresses if not one.is_file]
    if len(found) != 1:
        remedy = "give --warehouse postgresql://…; `init` needs the address of an administrator"
        raise InputError("this needs exactly one warehouse in Postgres", remedy=remedy)
    return found[0]
