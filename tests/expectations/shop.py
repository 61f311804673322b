"""A small, consistent shop as DuckDB files: what a build would leave for the gate to check."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb

import contract
from contract.types import TYPES

AS_OF = datetime(2026, 7, 1, tzinfo=UTC)

# Conversation i runs through accounts, channels, statuses and tags; each has ten messages, a minute apart, a click
# on a product and an item in a cart; every eighth of an SMS or web chat is followed by an order of that product.
_THREADS = """
create temp table threads as
select
    'shop-' || (1 + i % 2) as account_id,
    ['America/Sao_Paulo', 'Europe/Berlin'][1 + i % 2] as timezone,
    'conversation-' || i as conversation_id,
    ['web_chat', 'sms', 'email', 'whatsapp'][1 + (i // 2) % 4] as channel,
    ['resolved', 'routed', 'closed', 'open'][1 + (i // 8) % 4] as status,
    case when i % 3 > 0 then 'tag ' || i % 3 end as tag,
    case when i % 5 > 0 then 'profile-' || i % 1000 end as profile_id,
    'visitor-' || i as visitor_id,
    'product-' || i % 50 as product_id,
    timestamptz '2026-05-01 00:00:00+00' + to_minutes((i * 37) % 57600) as started_at,
    i
from range({conversations}) as numbers (i);
"""

_WORK = """
create table intermediate.int_orders as
select
    account_id,
    'order-' || i as order_id,
    started_at + to_hours(1) as placed_at,
    ['BRL', 'EUR'][1 + i % 2] as currency,
    profile_id,
    visitor_id,
    cast(null as varchar) as email_key,
    case when i % 3 = 0 then started_at + to_hours(9) end as cancelled_at
from threads
where channel in ('web_chat', 'sms') and i % 8 < 4;

create table staging.stg_order_lines as
select
    account_id,
    'line-' || i as order_line_id,
    'order-' || i as order_id,
    product_id,
    cast(null as varchar) as sku,
    cast(1.5 as decimal(18, 4)) as quantity,
    cast(19.9 as decimal(18, 4)) as unit_price,
    cast(1.5 as decimal(18, 4)) as discount,
    cast(case when i % 5 = 0 then 10 else 0 end as decimal(18, 4)) as refunded_amount
from threads semi join intermediate.int_orders on int_orders.order_id = 'order-' || threads.i;

create table staging.stg_line_products as
select account_id, order_line_id, product_id from staging.stg_order_lines;

create table staging.stg_conversations as
select account_id, conversation_id, visitor_id, started_at as created_at from threads;

create table intermediate.int_accounts as
select
    unnest(['shop-1', 'shop-2']) as account_id,
    unnest(['Loja', '<b>Laden</b>']) as name,
    unnest(['America/Sao_Paulo', 'Europe/Berlin']) as timezone,
    unnest(['BRL', 'EUR']) as currency,
    cast(48 as bigint) as auto_close_hours,
    cast(24 as bigint) as web_chat_click_window_hours,
    cast(120 as bigint) as sms_click_window_hours,
    cast(24 as bigint) as sms_open_window_hours,
    cast(12 as bigint) as sms_delivery_window_hours,
    cast(0 as bigint) as inferred_touch_minutes,
    cast(24 as bigint) as inferred_window_hours,
    cast(null as bigint) as recontact_days,
    unnest([cast(null as bigint), 1400]) as follow_up_hours;  -- as of July some of May are due, or still to come

create table intermediate.int_touches as
select
    account_id,
    conversation_id,
    channel,
    product_id,
    'click' as touch_type,
    'interaction-' || i || '-1' as touch_id,
    started_at + to_seconds(90) as touched_at,
    started_at + to_seconds(90) + to_hours(if(channel = 'sms', 120, 24)) as expires_at,
    profile_id,
    visitor_id
from threads
where channel in ('web_chat', 'sms');

create table intermediate.int_inferred_touches as
select * exclude (touch_id), touch_id as product_event_id from intermediate.int_touches where false;

create table intermediate.int_refused_orders (account_id varchar, order_id varchar, _load bigint);
create table intermediate.int_business_hours as select 'shop-1' as account_id;
create table intermediate.changed_conversations (account_id varchar, conversation_id varchar);
create table intermediate.changed_totals (account_id varchar, conversation_id varchar);
create table intermediate.changed_tickets (account_id varchar, ticket_id varchar);
create table intermediate.changed_profiles (account_id varchar, profile_id varchar);
create table intermediate.changed_questions (account_id varchar, conversation_id varchar);
create table intermediate.changed_days (account_id varchar, date date);
create table intermediate.changed_lines (account_id varchar, order_line_id varchar);
create table intermediate.changed_order_totals (account_id varchar, order_id varchar);
create table intermediate.changed_order_lines (account_id varchar, order_line_id varchar);
create table lake.follow_ups_sent as
select 'shop-1' as account_id, 'conversation-' || i as conversation_id, started_at + to_hours(3) as sent_at
from threads where i in (16, 48);
create table lake.handoffs_delivered as
select
    account_id, conversation_id, if(status = 'closed', 'message', 'ticket') as method,
    if(status = 'closed', null, 'klaviyo_inbox') as platform, cast(null as varchar) as ticket_id,
    started_at + to_seconds(450) as delivered_at
from threads where status in ('routed', 'closed');
create table lake.loads (
    load bigint, source varchar, table_name varchar, rows bigint, refused bigint, loaded_at timestamptz
);
insert into lake.loads values (1, 'files', 'messages', 1000, 5, '2026-06-30 23:00:00+00');
"""

_METRICS = {
    "accounts": "select account_id, name, timezone, currency from int_accounts",
    "profiles": """
        select distinct account_id, profile_id, 'Ana' as name, profile_id || '@example.com' as email
        from threads where profile_id is not null""",
    "products": """
        select distinct account_id, product_id, 'Product ' || product_id as title from threads
        union all
        select distinct account_id, 'product-extra', 'Extra' from threads""",
    "articles": """
        select account_id, 'article-1' as article_id, 'Returns' as title, true as is_published from int_accounts""",
    "messages": """
        select
            account_id,
            'message-' || i || '-' || position as message_id,
            conversation_id,
            position,
            case
                when position = 5 then 'system'
                when position = 10 and status = 'routed' then 'human'
                when position = 10 and status = 'open' then 'visitor'
                when position in (1, 3, 6, 8) then 'visitor'
                else 'agent'
            end as sender,
            'Text of message ' || position || ' in conversation ' || i as text,
            case when sender = 'agent' then ['orders', 'products'][1 + position % 2] end as skill,
            case when position in (2, 4, 7) then [product_id, 'product-extra'] end as recommended_product_ids,
            started_at + to_minutes(position - 1) as sent_at,
            cast(sent_at at time zone timezone as date) as sent_on
        from threads cross join range(1, 11) as positions (position)""",
    "interactions": """
        select
            account_id,
            'interaction-' || i || '-' || n as interaction_id,
            conversation_id,
            'message-' || i || '-2' as message_id,
            ['product_card_click', 'add_to_cart'][n] as type,
            started_at + to_seconds(60 + 30 * n) as occurred_at,
            product_id,
            n as quantity,
            profile_id,
            cast(occurred_at at time zone timezone as date) as occurred_on
        from threads cross join range(1, 3) as numbers (n)""",
    "handoff_steps": """
        select
            account_id,
            'step-' || i as handoff_event_id,
            conversation_id,
            if(status = 'routed', 'accepted', 'message_sent') as type,
            started_at + to_seconds(400) as occurred_at,
            'knowledge_gap' as reason,
            null as platform,
            null as ticket_id,
            false as is_derived
        from threads where status in ('routed', 'closed')
        union all
        select
            account_id, concat_ws('/', conversation_id, 'ticket_created', 'zendesk', 'ticket-' || i), conversation_id,
            'ticket_created', started_at + to_seconds(500), null, 'zendesk', 'ticket-' || i, true
        from threads where status = 'routed'
        union all
        select
            account_id, conversation_id || '/handed_over', conversation_id,
            'message_sent', started_at + to_seconds(450), null, null, null, true
        from threads where status = 'closed'""",
    "tickets": """
        select
            account_id,
            'zendesk' as platform,
            'ticket-' || i as ticket_id,
            if(status = 'routed', conversation_id, null) as conversation_id,
            if(status = 'routed', 'conversation', null) as matched_by,
            profile_id,
            'solved' as status,
            started_at + to_seconds(500) as created_at,
            cast(created_at at time zone timezone as date) as created_on,
            'good' as satisfaction
        from threads where status in ('routed', 'closed')
        union all
        select
            account_id, 'zendesk', 'ticket-back', null, null, profile_id, 'solved', started_at + to_hours(72),
            cast((started_at + to_hours(72)) at time zone timezone as date), 'bad'
        from threads where i = 2""",
    "handoffs": """
        select
            account_id, conversation_id, channel, tag,
            if(status = 'closed', 'orders', 'products') as skill,
            case when i % 2 = 0 then 'klaviyo' end as agent,
            'knowledge_gap' as reason,
            profile_id,
            profile_id || '@example.com' as email,
            if(status = 'routed', 'ticket', 'message') as method,
            case when status = 'routed' then 'zendesk' end as platform,
            case when status = 'routed' then 'ticket-' || i end as ticket_id,
            case when status = 'routed' then 'conversation' end as matched_by,
            started_at + to_seconds(400) as began_at,
            cast(began_at at time zone timezone as date) as began_on,
            case when status = 'routed' then began_at end as accepted_at,
            began_at as handed_off_at,
            case when status = 'routed' then started_at + to_seconds(500) end as created_at,
            case when status = 'routed' then started_at + to_minutes(9) end as replied_at,
            case when status = 'routed' then 'good' end as satisfaction,
            if(status = 'routed', 'answered', 'no_person') as outcome,
            case when status = 'closed' and account_id = 'shop-1' then 'outside_hours' end as outcome_reason,
            case when account_id = 'shop-1' then false end as is_within_business_hours,
            case when status = 'routed' then 1 end as minutes_to_ticket,
            case when status = 'routed' then 2 end as minutes_to_reply,
            case when status = 'routed' and account_id = 'shop-1' then 0 end as business_minutes_to_ticket,
            case when status = 'routed' and account_id = 'shop-1' then 1 end as business_minutes_to_reply,
            case when account_id = 'shop-1' then 1 end as outside_hours_messages
        from threads where status in ('routed', 'closed')""",
    "order_lines": """
        select
            orders.account_id, order_line_id, orders.order_id, product_id, profile_id,
            placed_at, cast(placed_at at time zone timezone as date) as placed_on, quantity,
            quantity * unit_price - discount as revenue,
            if(cancelled_at is null, quantity * unit_price - discount - refunded_amount, 0) as net_revenue,
            orders.currency
        from int_orders as orders
        join stg_order_lines as lines on orders.account_id = lines.account_id and orders.order_id = lines.order_id
        join int_accounts as accounts on orders.account_id = accounts.account_id""",
    "orders": """
        select
            account_id, order_id, any_value(lines.profile_id) as profile_id, any_value(lines.placed_at) as placed_at,
            any_value(placed_on) as placed_on, any_value(cancelled_at) as cancelled_at, count(*) as line_count,
            sum(revenue) as revenue, sum(net_revenue) as net_revenue, any_value(lines.currency) as currency
        from metrics.order_lines as lines join int_orders using (account_id, order_id)
        group by account_id, order_id""",
    "attributed_order_lines": """
        select
            orders.account_id,
            order_line_id,
            orders.order_id,
            touches.product_id,
            touches.profile_id,
            conversation_id,
            channel,
            touch_type,
            touch_id,
            touched_at,
            placed_at,
            cast(placed_at at time zone timezone as date) as placed_on,
            quantity,
            quantity * unit_price - discount as revenue,
            if(cancelled_at is null, quantity * unit_price - discount - refunded_amount, 0) as net_revenue,
            orders.currency
        from int_orders as orders
        join stg_order_lines as lines on orders.account_id = lines.account_id and orders.order_id = lines.order_id
        join int_touches as touches
            on orders.account_id = touches.account_id
            and orders.visitor_id = touches.visitor_id
            and lines.product_id = touches.product_id
        join int_accounts as accounts on orders.account_id = accounts.account_id""",
    "conversations": """
        select
            threads.account_id,
            threads.conversation_id,
            threads.channel,
            status,
            case status
                when 'resolved' then 'resolved_by_ai' when 'open' then 'open' else 'unresolved_by_ai'
            end as legacy_status,
            case when status = 'open' then 'unanswered' end as open_reason,
            started_at + to_minutes(9) + to_hours(48) as closed_at,
            'timeout' as closed_by,
            tag,
            case when i % 2 = 0 then 'klaviyo' end as agent,
            threads.profile_id,
            if(threads.profile_id is null, 'Anonymous', 'Ana') as profile_name,
            'Text of message 1 in conversation ' || i as first_question,
            'orders' as initial_skill,
            if(status in ('resolved', 'closed'), 'orders', 'products') as final_skill,
            9 as message_count,
            if(status = 'open', 5, 4) as visitor_message_count,
            if(status in ('resolved', 'closed'), 5, 4) as agent_message_count,
            if(status = 'routed', 1, 0) as human_message_count,
            started_at,
            cast(started_at at time zone timezone as date) as started_on,
            started_at + to_minutes(9) as last_message_at,
            case status when 'routed' then 'ticket' when 'closed' then 'message' end as handoff_method,
            case when status in ('routed', 'closed') then started_at + to_seconds(400) end as handed_off_at,
            case when status = 'routed' then 'zendesk' end as ticket_platform,
            case when status = 'routed' then 'ticket-' || i end as ticket_id,
            case when status in ('routed', 'closed') then 'knowledge_gap' end as escalation_reason,
            case when status = 'resolved' and threads.profile_id is not null then i = 2 end as is_recontacted,
            case when is_recontacted then started_at + to_hours(72) end as recontacted_at,
            case when is_recontacted then 'ticket' end as recontacted_by,
            case when is_recontacted then 'ticket-back' end as recontact_id,
            status in ('resolved', 'closed') and i % 3 = 0 as is_deflected,
            1 as link_clicks,
            2 as add_to_cart_items,
            if(order_id is null, 0, 1) as attributed_orders,
            coalesce(revenue, 0) as attributed_revenue,
            coalesce(net_revenue, 0) as net_attributed_revenue,
            0 as inferred_orders,
            0 as inferred_revenue
        from threads
        left join metrics.attributed_order_lines as lines
            on threads.account_id = lines.account_id and threads.conversation_id = lines.conversation_id""",
    "agent_events": """
        with events as (
            select *, 'conversation_started' as event, started_at as occurred_at, null as message_id
            from metrics.conversations
            union all by name
            select *, 'conversation_resolved' as event, closed_at as occurred_at
            from metrics.conversations where status = 'resolved'
            union all by name
            select *, 'conversation_escalated' as event, handed_off_at as occurred_at
            from metrics.conversations where status = 'routed'
            union all by name
            select
                conversations.*, 'product_recommended' as event, sent_at as occurred_at, message_id,
                recommended_product_ids as product_ids
            from metrics.messages join metrics.conversations using (account_id, conversation_id)
            where recommended_product_ids is not null
        )
        select
            account_id,
            concat_ws('/', conversation_id, event, message_id) as event_id,
            event,
            case event
                when 'conversation_started' then 'Started conversation with Customer Agent'
                when 'conversation_resolved' then 'Conversation with Customer Agent resolved'
                when 'conversation_escalated' then 'Conversation with Customer Agent escalated'
                else 'Received product recommendation from Customer Agent'
            end as event_name,
            occurred_at, conversation_id, profile_id, channel, product_ids
        from events""",
    "daily_performance": """
        with happened as (
            select
                account_id, started_on as date, channel, status, tag, 1 as conversations,
                if(is_recontacted, 1, 0) as recontacted_conversations,
                if(is_deflected, 1, 0) as deflected_conversations,
                if(open_reason = 'unanswered', 1, 0) as unanswered_conversations
            from metrics.conversations
            union all by name
            select
                interactions.account_id, cast(occurred_at at time zone timezone as date) as date, channel, status, tag,
                if(type = 'add_to_cart', 0, 1) as link_clicks,
                if(type = 'add_to_cart', quantity, 0) as add_to_cart_items
            from metrics.interactions join threads using (account_id, conversation_id)
            union all by name
            select
                lines.account_id, placed_on as date, lines.channel, status, tag, order_id,
                revenue as attributed_revenue, net_revenue as net_attributed_revenue
            from metrics.attributed_order_lines as lines join threads using (account_id, conversation_id)
        )
        select
            account_id, date, channel, status, coalesce(tag, '') as tag,
            coalesce(sum(conversations), 0) as conversations,
            coalesce(sum(recontacted_conversations), 0) as recontacted_conversations,
            coalesce(sum(deflected_conversations), 0) as deflected_conversations,
            0 as running_conversations,
            coalesce(sum(unanswered_conversations), 0) as unanswered_conversations,
            coalesce(sum(link_clicks), 0) as link_clicks,
            coalesce(sum(add_to_cart_items), 0) as add_to_cart_items,
            count(distinct order_id) as attributed_orders,
            coalesce(sum(attributed_revenue), 0) as attributed_revenue,
            coalesce(sum(net_attributed_revenue), 0) as net_attributed_revenue,
            0 as inferred_orders,
            0 as inferred_revenue
        from happened group by all""",
    "daily_skill_usage": """
        select
            messages.account_id, cast(sent_at at time zone timezone as date) as date, channel, skill,
            count(*) as messages, count(distinct conversation_id) as conversations
        from metrics.messages join threads using (account_id, conversation_id)
        where skill is not null group by all""",
    "skills": """
        select
            account_id, skill, skill as label, true as is_available,
            count(*) as messages, count(distinct conversation_id) as conversations
        from metrics.messages where skill is not null group by all""",
    "knowledge_gap_questions": """
        select
            account_id, message_id, conversation_id,
            if(message_id like '%7-1', null, 'topic-1') as topic_id,
            sent_at as asked_at, 'article-1' as best_article_id, 0.05 as coverage_score, false as is_covered,
            true as is_unanswered,
            'knowledge' as kind, null::varchar as product_id
        from metrics.messages where position = 1""",
    "knowledge_gap_topics": """
        select
            account_id, topic_id, 'Returns' as label, 'Can I return it?' as representative_question,
            count(*) as question_count, count(distinct conversation_id) as conversation_count,
            count(handed_off_at) as handed_off_conversation_count,
            min(asked_at) as first_asked_at, max(asked_at) as last_asked_at,
            'article-1' as best_article_id, 0.05 as coverage_score, true as is_gap, true as is_unanswered,
            count(distinct conversation_id) as judged_conversation_count,
            count(distinct conversation_id) as judged_unanswered_count,
            'knowledge' as kind,
            'open' as state, null::varchar as owner, null::varchar as note, null::timestamptz as decided_at,
            null::varchar as like_topic_id,
            count(distinct conversation_id) as shopper_count,
            count(handed_off_at) as unanswered_conversation_count,
            unanswered_conversation_count / conversation_count as unanswered_share,
            greatest(0, unanswered_share - 0.1) as unanswered_share_low,
            least(1, unanswered_share + 0.1) as unanswered_share_high,
            10::decimal(18, 4) as sales_at_stake, 0::decimal(18, 4) as sales_at_stake_low,
            20::decimal(18, 4) as sales_at_stake_high
        from metrics.knowledge_gap_questions join metrics.conversations using (account_id, conversation_id)
        where topic_id is not null group by account_id, topic_id""",
    "knowledge_gap_closures": """
        with asked as (
            select *, asked_at between '2026-05-02 00:00:00+00' and '2026-05-02 23:59:59+00' as is_after
            from metrics.knowledge_gap_questions join metrics.conversations using (account_id, conversation_id)
            where topic_id is not null and asked_at < '2026-05-03 00:00:00+00'
        )
        select
            account_id, topic_id, 'article-1' as article_id,
            count(*) filter (where not is_after) as conversations_before,
            count(handed_off_at) filter (where not is_after) as handed_off_before,
            handed_off_before / conversations_before as handoff_rate_before,
            count(*) filter (where is_after) as conversations_after,
            count(handed_off_at) filter (where is_after) as handed_off_after,
            handed_off_after / conversations_after as handoff_rate_after,
            handoff_rate_after - handoff_rate_before as handoff_rate_change,
            handoff_rate_change - 0.25 as change_low, handoff_rate_change + 0.25 as change_high,
            timestamptz '2026-05-02 00:00:00+00' as closed_at, timestamptz '2026-05-03 00:00:00+00' as reopened_at
        from asked group by account_id, topic_id""",
    "knowledge_gap_topic_changes": """
        select
            account_id, 'change-1' as change_id, 'topic-1' as topic_id, 'topic-2' as other_topic_id,
            'split' as change, timestamptz '2026-05-03 00:00:00+00' as changed_at
        from metrics.accounts""",
    "knowledge_gap_totals": """
        select
            account_id, count(*) as question_count, 0 as ungrouped_question_count,
            count(*) filter (where topic_id is null) as unassigned_question_count,
            unassigned_question_count / question_count as unassigned_share, 1 as topic_count, 1 as gap_count
        from metrics.knowledge_gap_questions group by account_id""",
    "reconciled_figures": """
        select
            account_id, 'volume' as figure_id, 'klaviyo' as source,
            min(started_on) as first_on, max(started_on) as last_on,
            'volume' as statistic, count(*) as ours, count(*) + 1 as theirs, -1 as difference,
            'late_data' as likely_reason, timestamptz '2026-06-30 00:00:00+00' as reported_at
        from metrics.conversations group by account_id""",
    "segment_members": """
        select
            account_id, 'all' as segment, profile_id, email, phone,
            timestamptz '2026-06-30 00:00:00+00' as entered_at,
            if(email is null, 'no_address', 'reachable') as email_reach,
            if(phone is null, 'no_address', 'not_known') as sms_reach,
            if(phone is null, 'no_address', 'not_allowed') as whatsapp_reach
        from metrics.profiles""",
    "segment_changes": """
        select account_id, segment, profile_id, entered_at as changed_at, 'entered' as change
        from metrics.segment_members""",
    "segments": """
        select
            account_id, segment, 'Everybody' as description, '{}' as definition, count(*) as member_count,
            'All' as name, 3 as anonymous_count, true as is_suppressing,
            timestamptz '2026-06-30 00:00:00+00' as first_built_at
        from metrics.segment_members group by account_id, segment""",
    "follow_ups": """
        with recommendations as (
            select
                threads.account_id, conversation_id, profile_id,
                [product_id, 'product-extra'] as product_ids,
                started_at + to_minutes(6) as recommended_at,
                recommended_at + to_hours(coalesce(follow_up_hours, 2)) as due_at,
                status in ('routed', 'closed') as is_waiting,
                exists (
                    select 1 from metrics.orders
                    where orders.account_id = threads.account_id and orders.profile_id = threads.profile_id
                ) as has_ordered
            from threads
            join int_accounts on threads.account_id = int_accounts.account_id
            where profile_id is not null
        )
        select
            recommendations.* exclude (is_waiting, has_ordered), sent_at,
            case
                when sent_at is not null then null
                when has_ordered then 'order'
                when due_at + to_hours(24) <= timestamptz '2026-07-01 00:00:00+00' then 'expired'
                when is_waiting then 'open_ticket'
            end as reason,
            case
                when sent_at is not null then 'sent'
                when reason in ('order', 'expired') then 'cancelled'
                when reason is not null then 'not_reachable'
                when due_at <= timestamptz '2026-07-01 00:00:00+00' then 'due'
                else 'waiting'
            end as state
        from recommendations
        left join follow_ups_sent using (account_id, conversation_id)""",
}


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """The published tables, empty, in the schema metrics of the connection's database."""
    connection.execute("create schema metrics")
    for table in contract.metrics().values():
        columns = ", ".join(f'"{column.name}" {TYPES[column.type].duckdb}' for column in table.columns)
        connection.execute(f"create table metrics.{table.name} ({columns})")


def write_shop(work_file: Path, metrics_file: Path, conversations: int = 128) -> None:
    """Write both files of a candidate in which everything agrees."""
    with duckdb.connect(str(work_file)) as connection:
        file = str(metrics_file).replace("'", "''")
        connection.execute(f"set TimeZone = 'UTC'; attach '{file}' as candidate")
        connection.execute(
            "create schema staging; create schema intermediate; create schema lake; create schema topics"
        )
        connection.execute(_THREADS.replace("{conversations}", str(conversations)))
        connection.execute(_WORK)
        connection.execute("use candidate")
        create_tables(connection)
        work = connection.execute("select database_name from duckdb_databases() where path = $1", [str(work_file)])
        (name,) = work.fetchone() or ("",)
        connection.execute(f"set search_path = 'candidate.main,{name}.staging,{name}.intermediate,{name}.lake'")
        for table, select in _METRICS.items():
            connection.execute(f"insert into candidate.metrics.{table} by name {select}")
        connection.execute(
            f"create table {name}.staging.stg_reported_figures as"
            " select account_id, figure_id, theirs as value from metrics.reconciled_figures"
        )
        for one in contract.metrics().values():
            if one.taken_from and one.taken_from.model != "int_accounts":
                schema = "staging" if one.taken_from.model.startswith("stg_") else "intermediate"
                columns = ", ".join((*one.key, *one.taken_from.columns))
                names = {
                    "profiles": ", 'Ana' as first_name, cast(null as varchar) as last_name",
                    "order_lines": ", (select visitor_id from int_orders as o where o.order_id = order_lines.order_id)"
                    " as visitor_id",
                }.get(one.name, "")
                connection.execute(
                    f"create table {name}.{schema}.{one.taken_from.model} as"
                    f" select {columns}{names} from metrics.{one.name}"
                )
        connection.execute(
            f"""create table {name}.topics.topic_names as
            select account_id, topic_id, label, representative_question, best_article_id, coverage_score
            from metrics.knowledge_gap_topics"""
        )
        connection.execute(
            f"""create table {name}.intermediate.int_profile_reach as
            select account_id, profile_id, email_reach, sms_reach, whatsapp_reach from metrics.segment_members"""
        )
        connection.execute(
            f"""create table {name}.intermediate.int_skill_usage as
            select messages.account_id, conversation_id, channel, skill, sent_on as date, count(*) as messages
            from metrics.messages join metrics.conversations using (account_id, conversation_id)
            where skill is not null group by all"""
        )
        connection.execute("use memory" if name == "memory" else f"use {name}")
