-- Published tables of {shoppers} shoppers, only the columns that segments read; h() is a number that looks like chance.
create schema candidate.metrics;
create schema intermediate;
create macro h(i, salt) as hash(i, salt);
create macro instant(i, salt) as timestamptz '2026-06-07 12:00:00+00' - to_seconds(cast(h(i, salt) % 63072000 as bigint));
create macro profile(i, salt) as 'P' || lpad(cast(h(i, salt) % {shoppers} as varchar), 8, '0');
create macro text(i, salt, texts) as texts[1 + cast(h(i, salt) % len(texts) as int)];
create table candidate.metrics.profiles as
select 'shop' as account_id, 'P' || lpad(cast(i as varchar), 8, '0') as profile_id, 'Name ' || i as name,
    'p' || i || '@example.com' as email, '+49' || (1700000000 + i) as phone
from range({shoppers}) as t (i);
create table candidate.metrics.conversations as
select 'shop' as account_id, 'c' || i as conversation_id, if(h(i, 1) % 2 = 0, profile(i, 2), null) as profile_id,
    text(i, 3, ['web_chat', 'sms', 'email']) as channel, text(i, 4, ['resolved', 'routed', 'closed', 'open']) as status,
    text(i, 5, ['shipping', 'returns', null]) as tag, 'klaviyo' as agent, 'returns' as initial_skill,
    text(i, 6, ['returns', 'sizes']) as final_skill, null::varchar as escalation_reason,
    null::varchar as handoff_method, cast(1 + h(i, 7) % 5 as bigint) as rating, 0::decimal(18, 4) as attributed_revenue,
    cast(h(i, 8) % 2 as bigint) as human_message_count, 4::bigint as message_count, instant(i, 9) as started_at
from range({shoppers} * 2) as t (i);
create table candidate.metrics.messages as
select account_id, conversation_id, position, text(m, 10, ['visitor', 'agent', 'system', 'human']) as sender, started_at as sent_at
from (select account_id, conversation_id, started_at, unnest([1, 2, 3, 4])::bigint as position, hash(conversation_id, position) as m
    from candidate.metrics.conversations);
create table candidate.metrics.agent_events as
select 'shop' as account_id, 'c' || (i % ({shoppers} * 2)) as conversation_id,
    if(h(i % ({shoppers} * 2), 1) % 2 = 0, profile(i % ({shoppers} * 2), 2), null) as profile_id,
    text(i, 11, ['conversation_started', 'conversation_resolved', 'conversation_escalated', 'product_recommended']) as event,
    'web_chat' as channel, text(i, 5, ['shipping', 'returns', null]) as tag, 'returns' as initial_skill, 'sizes' as final_skill,
    null::varchar as escalation_reason, ['X' || h(i, 12) % 500] as product_ids, instant(i, 13) as occurred_at
from range({shoppers} * 5) as t (i);
create table candidate.metrics.orders as
select 'shop' as account_id, 'o' || i as order_id, profile(i, 14) as profile_id, instant(i, 15) as placed_at,
    case when h(i, 16) % 20 = 0 then instant(i, 15) end as cancelled_at,
    cast(h(i, 17) % 30000 / 100 as decimal(18, 4)) as revenue, cast(h(i, 17) % 30000 / 110 as decimal(18, 4)) as net_revenue
from range({shoppers} * 3) as t (i);
create table candidate.metrics.order_lines as
select account_id, order_id, order_id || '/' || n as order_line_id, profile_id, 'X' || hash(order_id, n) % 500 as product_id,
    placed_at, 1::decimal(18, 4) as quantity, revenue, net_revenue
from (select *, unnest(if(hash(order_id) % 3 = 0, [1], [1, 2])) as n from candidate.metrics.orders);
create table candidate.metrics.attributed_order_lines as
select 'shop' as account_id, profile(i, 18) as profile_id, 'c' || i as conversation_id, 'web_chat' as channel,
    'click' as touch_type, 'X1' as product_id, instant(i, 19) as placed_at, 20::decimal(18, 4) as revenue
from range({shoppers} // 2) as t (i);
create table candidate.metrics.interactions as
select 'shop' as account_id, 'c' || i as conversation_id, if(h(i, 20) % 2 = 0, profile(i, 21), null) as profile_id,
    text(i, 22, ['product_card_click', 'link_click', 'add_to_cart']) as type, 'X' || h(i, 23) % 500 as product_id,
    null::varchar as url, cast(1 + h(i, 24) % 3 as bigint) as quantity, instant(i, 25) as occurred_at
from range({shoppers} * 3) as t (i);
create table candidate.metrics.tickets as
select 'shop' as account_id, 'zendesk' as platform, 't' || i as ticket_id, profile(i, 26) as profile_id,
    null::varchar as conversation_id, 'open' as status, null::varchar as satisfaction, instant(i, 27) as created_at,
    null::timestamptz as solved_at, null::timestamptz as first_human_reply_at
from range({shoppers} // 2) as t (i);
create table candidate.metrics.knowledge_gap_topics as
select 'shop' as account_id, 'T' || i as topic_id, 'topic ' || i as label, i % 3 = 0 as is_gap from range(200) as t (i);
create table candidate.metrics.knowledge_gap_questions as
select 'shop' as account_id, 'm' || i as message_id, 'c' || h(i, 28) % ({shoppers} * 2) as conversation_id,
    'T' || h(i, 29) % 220 as topic_id, instant(i, 30) as asked_at, h(i, 31) % 2 = 0 as is_covered
from range({shoppers}) as t (i);
create view intermediate.int_shoppers as
select account_id, concat('p/', profile_id) as shopper from candidate.metrics.profiles
union all
select account_id, concat('c/', conversation_id) as shopper from candidate.metrics.conversations where profile_id is null;
create table intermediate.int_profile_reach as
select account_id, profile_id, text(rowid, 32, ['reachable', 'not_allowed', 'not_known']) as email_reach,
    'not_known' as sms_reach, 'not_known' as whatsapp_reach
from candidate.metrics.profiles
