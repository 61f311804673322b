"""The published rows that make a figure, found by the very expression with which the metrics layer counts them."""

from __future__ import annotations

import re
from decimal import Decimal

from dbt_project import semantic
from dbt_project.semantic import SemanticModel
from flows.answers.catalogue import Metric
from flows.answers.page import Page
from flows.answers.ranged import Ranged
from flows.answers.told import Behind, Row
from flows.ground.sql import literal
from flows.published.filters import through

MOST_ROWS = 10
DIMENSION = re.compile(r"\{\{ Dimension\('\w+__(\w+)'\) \}\}")  # as filters of the metrics layer name it
ROWS = """
select conversation_id, {row_id} as row_id, {on} as counted_on, {counts} as counts
from metrics.{table}
where account_id = {account} and {on} between {first} and {last} and {does_count} and {through}
"""
NEWEST = """
with counted as ({rows}),
newest as (select * from counted order by counted_on desc, row_id limit {limit})
select newest.conversation_id, newest.row_id, newest.counted_on, newest.counts, conversations.channel,
    conversations.status
from newest
left join metrics.conversations
    on conversations.account_id = {account} and conversations.conversation_id = newest.conversation_id
order by newest.counted_on desc, newest.row_id
"""


def behind(ranged: Ranged, asked: Metric, page: Page) -> Behind:
    """The newest rows that count in the figure or, of a quotient, in its numerator, and how many there are."""
    account, first, last = ranged.account, ranged.first, ranged.last
    numerator = asked.counted
    model, measure = semantic.measured(numerator)
    is_amount = measure.agg in {"sum", "median"} and measure.expr != "1"
    # A count of distinct things leaves out what is null, a sum what is 0.
    does_count = [f"({measure.expr}) <> 0" if is_amount else f"({measure.expr}) is not null"]
    if numerator.filter:
        does_count.append(f"({DIMENSION.sub(lambda found: _expression(model, found[1]), numerator.filter)})")
    values = {"account": literal(account.account_id), "limit": literal(MOST_ROWS)}
    rows = ROWS.format(
        **values,
        table=model.table,
        row_id=model.primary.columns[-1],
        on=asked.date,
        counts=f"({measure.expr})" if is_amount else "1",
        first=literal(first),
        last=literal(last),
        does_count=" and ".join(does_count),
        through=through(account, ranged.channels),
    )
    ((count,),) = ranged.reader.rows(f"select count(*) from ({rows}) as counted")
    found = ranged.reader.rows(NEWEST.format(**values, rows=rows))
    return Behind(
        table=model.table,
        metric=numerator.name,
        rows=int(count),
        newest=tuple(
            Row(
                conversation_id=conversation,
                row_id=row_id,
                date=on,
                counts=f"{counts:.4f}" if isinstance(counts, Decimal) and not _is_whole(asked) else int(counts),
                channel=channel,
                status=status,
                link=page.conversation(account, first, last, conversation),
            )
            for conversation, row_id, on, counts, channel, status in found
        ),
    )


def _is_whole(asked: Metric) -> bool:
    return asked.unit != "money"


def _expression(model: SemanticModel, dimension: str) -> str:
    found = next(one for one in model.dimensions if one.name == dimension)
    return f"({found.expr or found.name})"
