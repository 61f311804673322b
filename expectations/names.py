"""What the placeholders of the checks stand for: engine by engine, and in either scope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from textwrap import dedent

from contract import HANDED_OFF, ChangeSet
from expectations.engines import Engine
from expectations.shape import TABLES
from expectations.verdict import Scope, Thresholds


@dataclass(frozen=True)
class Names:
    """The placeholders by their names, beside those of the engine; SQL for a table where nothing else is said."""

    engine: Engine
    checked: Mapping[str, str]  # by published table: the rows to look at in this scope
    twins: Mapping[str, str]  # by published table: the rows that may share their grain with those
    taken: Mapping[str, str]  # by published table: the rows of the model that those of `checked` are made from
    on_checked_days: Mapping[str, str]  # by published table: the rows of the days to look at in this scope
    delivered_conversations: str  # the current versions, of the conversations to look at
    delivered_messages: str
    published_volumes: str  # of the last publication: account_id, of_table, how many published_rows up to earlier_as_of
    as_of: str  # a literal
    earlier_as_of: str  # a literal: as-of, or the last publication's where that is earlier
    published_load: int  # the last load in the last publication
    max_rejected_share: float
    max_volume_drop: float
    handed_off: str = f"in {HANDED_OFF}"  # what a status is of a conversation that was (rules 3.6 and 8.2)

    def fill(self, sql: str) -> str:
        """The SQL of a check for the engine."""
        return dedent(sql).strip().format_map({**vars(self.engine), **vars(self)})


def names(
    engine: Engine,
    scope: Scope,
    thresholds: Thresholds,
    *,
    as_of: datetime,
    earlier_as_of: datetime,
    published_load: int,
) -> Names:
    """The names in a candidate of this engine. In scope `changed` they stand for what the dictionary says has changed.

    What belongs to a conversation is looked at with it, so that both can be compared: also where its own set of
    changes does not name it.
    """
    earlier = engine.instant.format(instant=earlier_as_of.isoformat())
    checked = {table: f"{engine.metrics}.{table}" for table in TABLES}
    twins, on_checked_days = dict(checked), dict(checked)
    taken = {name: _model(engine, table.taken_from.model) for name, table in TABLES.items() if table.taken_from}
    taken["daily_skill_usage"] = _model(engine, "int_skill_usage")
    delivered = {table: f"{engine.staging}.stg_{table}" for table in ("conversations", "messages")}
    if scope == "changed":
        whole, by_conversation, by_day = dict(checked), _set("conversations"), _set("daily_performance")
        for name, table in TABLES.items():
            if own := table.changed_by:
                sets = {own, by_conversation} if own.column == by_conversation.column else {own}
                checked[name] = _among(whole[name], engine, sets, own.column)
                twins[name] = _sharing_grain(whole[name], checked[name], table.key)
                if name in taken:
                    taken[name] = _among(taken[name], engine, sets, own.column)
        for name, date in (("conversations", "started_on"), ("attributed_order_lines", "placed_on")):
            on_checked_days[name] = _among(whole[name], engine, {by_day}, date)
        delivered = {
            table: _among(staged, engine, {by_conversation}, by_conversation.column)
            for table, staged in delivered.items()
        }
    return Names(
        engine,
        checked,
        twins,
        taken,
        on_checked_days,
        delivered_conversations=delivered["conversations"],
        delivered_messages=delivered["messages"],
        published_volumes=engine.volumes.format(as_of=earlier),
        as_of=engine.instant.format(instant=as_of.isoformat()),
        earlier_as_of=earlier,
        published_load=published_load,
        max_rejected_share=thresholds.max_rejected_share,
        max_volume_drop=thresholds.max_volume_drop,
    )


def _model(engine: Engine, model: str) -> str:
    return f"{engine.staging if model.startswith('stg_') else engine.intermediate}.{model}"


def _set(table: str) -> ChangeSet:
    changed_by = TABLES[table].changed_by
    assert changed_by  # noqa: S101  the dictionary names one
    return changed_by


def _among(table: str, engine: Engine, sets: set[ChangeSet], column: str) -> str:
    """The rows of a table whose `column` one of the sets names, account by account."""
    keys = " union all ".join(
        f"select account_id, {one.column} as changed from {engine.intermediate}.{one.model}"
        for one in sorted(sets, key=lambda one: one.model)
    )
    return (
        f"(select t.* from {table} as t semi join ({keys}) as c"
        f" on t.account_id = c.account_id and t.{column} = c.changed)"
    )


def _sharing_grain(table: str, checked: str, grain: tuple[str, ...]) -> str:
    # The account and one more column pick out few rows; all columns of the grain are compared by the check itself.
    return (
        f"(select t.* from {table} as t semi join {checked} as c"
        f" on t.account_id = c.account_id and t.{grain[1]} = c.{grain[1]})"
    )
