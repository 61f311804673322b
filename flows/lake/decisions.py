"""What people decide of topics (rule 8.5): rows of the landing table `topic_decisions`, a load for each decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb

import contract
from flows.ground.clock import utc_text
from flows.ground.sql import literal
from flows.lake.landing import Given, laid, landed
from flows.lake.store import Lake, storing

TABLE = "topic_decisions"
SOURCE = "people"  # of the loads
NAMES = ("account_id", "topic_id", "state", "owner", "note", "decided_at")


@dataclass(frozen=True)
class Decision:
    """A topic is `assigned` to an owner, `dismissed`, or `open` again; `decided_at` is an instant in UTC."""

    account_id: str
    topic_id: str
    state: str
    owner: str | None
    note: str | None
    decided_at: datetime

    def to_json_dict(self) -> dict[str, str | None]:
        return {**{name: getattr(self, name) for name in NAMES}, "decided_at": utc_text(self.decided_at)}


def decisions(lake: Lake, after: int = 0, up_to: datetime | None = None) -> list[Decision]:
    """The decisions in the loads with a number above `after`, of each topic the newest: of all, or of those up to an
    instant. Raises StorageFailed.
    """
    paths = [lake.path(file) for file in lake.files(after) if file.table == TABLE]
    if not paths:
        return []
    with storing(lake.storage.url("data")), duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        lake.connect(connection)
        in_time = f"decided_at <= TIMESTAMPTZ {literal(up_to.isoformat())}" if up_to else "true"
        rows: list[tuple[Any, ...]] = connection.execute(
            f"""SELECT {", ".join(NAMES[:-1])}, epoch_us(decided_at) FROM {laid(contract.landing()[TABLE], paths)}
            WHERE _refused IS NULL AND _load > {after} AND {in_time}
            QUALIFY row_number() OVER (
                PARTITION BY account_id, topic_id
                ORDER BY decided_at DESC, updated_at DESC NULLS LAST, _load DESC, _file DESC, _position DESC
            ) = 1
            ORDER BY account_id, topic_id"""
        ).fetchall()
    epoch = datetime.fromtimestamp(0, UTC)
    return [Decision(*(*texts, epoch + timedelta(microseconds=instant))) for *texts, instant in rows]


def write(lake: Lake, made: Sequence[Decision]) -> int:
    """Make decisions a load of the lake; its number. The caller holds the home. Raises StorageFailed."""
    values = ", ".join(
        f"({place}, {', '.join(literal(getattr(one, name)) for name in NAMES[:-1])},"
        f" {literal(one.decided_at.astimezone(UTC).isoformat())})"
        for place, one in enumerate(made, start=1)
    )
    rows = landed(
        contract.landing()[TABLE],
        f"(SELECT * FROM (VALUES {values}) AS made(_position, {', '.join(NAMES)}))",
        {name: Given(name, "text") for name in NAMES},
        payload="NULL::VARCHAR",
        keep=("_position",),
    )
    writer = lake.begin(SOURCE)
    with storing(writer.scratch), duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        writer.write(connection, TABLE, 0, rows)
    return writer.commit((), {}).number
