"""A published shop that tells accounts apart the hard way: its two accounts share ids of conversations and orders."""

from __future__ import annotations

import duckdb

import contract
from flows.ground.home import Home
from flows.ground.sql import literal
from tests.expectations.shop import write_shop
from tests.warehouses.candidates import describe, opened, publish, verdict

ACCOUNTS = ("it's a shop", "it's a shop1")  # with '1-7' and '-7' as ids, plain text after text would be the same
CONVERSATIONS = 2048
# Numbers of the conversations of `write_shop`, which are even in one account and odd in the other.
NUMBER = "cast(regexp_extract({column}, '\\d+') as integer)"
AS_IN_LIFE = """
update file.metrics.interactions
set type = case {i} % 5 when 0 then 'link_click' when 1 then 'message_opened' else type end
where type = 'product_card_click';
update file.metrics.conversations set escalation_reason = case {i} % 3 when 0 then 'complaint' end where {i} % 3 < 2;
update file.metrics.conversations
set is_recontacted = {i} % 5 = 0, recontacted_at = case when {i} % 5 = 0 then closed_at end where status = 'resolved';
update file.metrics.conversations
set open_reason = case {i} % 3 when 0 then 'running' else 'unanswered' end where status = 'open';
update file.metrics.messages set skill = 'returns' where skill is not null and {i} % 7 = 0;
update file.metrics.messages set skill = 'orders' where sender <> 'agent' and {i} % 11 = 0;
"""
# What follows from it (6.3, 6.4), and a skill that nobody used.
COUNTED = """
set schema = 'file.metrics';
truncate daily_performance;
insert into daily_performance by name
select
    account_id, date, conversations.channel, status, coalesce(tag, '') as tag,
    count(*) filter (where what = 'started') as conversations,
    count(*) filter (where what = 'started' and is_recontacted) as recontacted_conversations,
    count(*) filter (where what = 'started' and is_deflected) as deflected_conversations,
    count(*) filter (where what = 'started' and open_reason = 'running') as running_conversations,
    count(*) filter (where what = 'started' and open_reason = 'unanswered') as unanswered_conversations,
    count(*) filter (where what in ('product_card_click', 'link_click')) as link_clicks,
    coalesce(sum(pieces), 0) as add_to_cart_items,
    count(distinct order_id) as attributed_orders,
    coalesce(sum(revenue), 0) as attributed_revenue,
    coalesce(sum(net_revenue), 0) as net_attributed_revenue
from (
    select account_id, conversation_id, started_on as date, 'started' as what from conversations
    union all by name
    select
        account_id, conversation_id, occurred_on as date, type as what,
        if(type = 'add_to_cart', quantity, 0) as pieces
    from interactions where type <> 'message_opened'
    union all by name
    select account_id, conversation_id, placed_on as date, order_id, revenue, net_revenue from attributed_order_lines
) as happened
join conversations using (account_id, conversation_id)
group by all;
truncate daily_skill_usage;
insert into daily_skill_usage by name
select
    account_id, sent_on as date, channel, skill, count(*) as messages, count(distinct conversation_id) as conversations
from messages join conversations using (account_id, conversation_id)
where sender = 'agent' and skill is not null group by all;
truncate skills;
insert into skills by name
select account_id, skill, skill as label, true as is_available, count(*) as messages,
    count(distinct conversation_id) as conversations
from messages where sender = 'agent' and skill is not null group by all
union all by name
select account_id, 'gifts' as skill, 'Gifts' as label, true as is_available, 0 as messages, 0 as conversations
from accounts;
"""


def publish_shop(home: Home) -> None:
    """Publish the shop into this home: 40 days from the first of May 2026."""
    home.candidate.mkdir(parents=True)
    write_shop(home.work_file, home.candidate_file, CONVERSATIONS)
    with opened(home.candidate_file, read_only=False) as connection:
        connection.execute(AS_IN_LIFE.format(i=NUMBER.format(column="conversation_id")))
        for table in contract.metrics().values():
            _share_ids(connection, table)
        connection.execute(COUNTED)
    describe(home, "build", row_counts={})
    verdict(home, "build")
    publish(home, keep=1)


def _share_ids(connection: duckdb.DuckDBPyConnection, table: contract.Table) -> None:
    names = {column.name for column in table.columns}
    if "account_id" not in names:
        return
    first, second = (literal(account) for account in ACCOUNTS)
    changes = [f"account_id = case account_id when 'shop-1' then {first} else {second} end"]
    if "conversation_id" in names:
        number = NUMBER.format(column="conversation_id")
        changes.append(f"conversation_id = case account_id when 'shop-1' then '1-' else '-' end || {number} // 2")
    if "order_id" in names:  # lines of several conversations are one order
        changes.append(f"order_id = 'order-' || {NUMBER.format(column='order_id')} // 8")
    connection.execute(f"update file.metrics.{table.name} set {', '.join(changes)}")
