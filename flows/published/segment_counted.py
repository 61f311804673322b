"""How many a definition has that no run has built yet: asked of what is published, in the warehouse that has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import contract
from flows.audiences.definition import (
    Condition,
    Definition,
    Filter,
    Funnel,
    MarketingConsent,
    ProfileMetric,
    ProfileProperty,
)
from flows.audiences.dialects import DIALECTS
from flows.audiences.sql import of_segment
from flows.ground.errors import InputError
from flows.ground.sql import identifier, literal
from flows.published.segment_withheld import asks_for
from flows.warehouses.reader import Reader

# Everybody of whom a definition can ask, as the model int_shoppers has it (12.1).
SHOPPERS = """int_shoppers as (
    select account_id, concat('p/', profile_id) as shopper from profiles
    union all
    select account_id, concat('c/', conversation_id) as shopper from conversations where profile_id is null
)"""
COUNTED = """with {relations}
select
    count(*) filter (where shopper like 'p/%'), count(*) filter (where shopper like 'c/%')
from ({query}) as matches
inner join int_shoppers using (account_id, shopper)
"""
BY_A_RUN = "the next run counts it"


@dataclass(frozen=True)
class Counted:
    """Known shoppers, and conversations whose shopper nobody knows."""

    member_count: int
    anonymous_count: int


def counted(reader: Reader, account: str, definition: Definition, as_of: datetime) -> Counted:
    """Who meets the definition in an account, as of the publication.

    Raises InputError for what cannot be asked of published tables, and for what this reader may not see.
    """
    query = of_segment(definition)
    tables = {"profiles", "conversations", *(one for one in re.findall(r"\{\{([a-z_]+)\}\}", query) if one in TABLES)}
    withheld = {(table, column) for table in tables for column in TABLES[table] if not _sees(reader, table, column)}
    for condition in (one for group in definition.condition_groups for one in group.conditions):
        if why := _why_not(condition):
            raise InputError(why, remedy=BY_A_RUN)
        if asks_for(condition, withheld):
            raise InputError("this definition asks for what you may not see", remedy=BY_A_RUN)
    relations = [_relation(table, account, withheld) for table in sorted(tables)]
    written = DIALECTS["warehouse"].written(query, as_of)
    asked = COUNTED.format(relations=",\n".join([*relations, SHOPPERS]), query=written)
    ((members, anonymous),) = reader.rows(asked)
    return Counted(members, anonymous)


TABLES = {table.name: tuple(one.name for one in table.columns) for table in contract.metrics().values()}


def _sees(reader: Reader, table: str, column: str) -> bool:
    return reader.sees(f"metrics.{table}", column)


def _relation(table: str, account: str, withheld: set[tuple[str, str]]) -> str:
    """SQL: the rows of one account; what the reader may not see, and nothing here asks for, is null."""
    if {(table, one) for one in TABLES[table]} <= withheld:
        raise InputError(f"the publication comes from a version that had no {table}", remedy=BY_A_RUN)
    columns = ", ".join(
        f"cast(null as varchar) as {identifier(one)}" if (table, one) in withheld else identifier(one)
        for one in TABLES[table]
    )
    return f"{table} as (select {columns} from metrics.{table} where account_id = {literal(account)})"


def _why_not(condition: Condition) -> str | None:
    if isinstance(condition, MarketingConsent):
        return "consent is published of members only"
    if any(one.type == "string" and one.operator in {"regex", "nregex"} for one in _filters(condition)):
        return "patterns are not counted here"
    return None


def _filters(condition: Condition) -> Iterator[Filter]:
    if isinstance(condition, ProfileProperty):
        yield condition.filter
    elif isinstance(condition, ProfileMetric):
        yield from (one.filter for one in condition.metric_filters)
    elif isinstance(condition, Funnel):
        yield from (one.filter for step in condition.steps for one in step.metric_filters)
