-- All tables of a full build (docs/definitions.md, chapters 1 to 7) as one hand-written DuckDB script: what the same tables cost
-- without a project around them. bare.py lays the views `lake.<table>` over the delivered Parquet and sets the variables `as_of`
-- and `files`. Left out: the accounts of the settings file, rows that wait (2.3), comments and constraints of the tables, incremental builds.

-- 2.1: of several rows with one key the newest counts. Only keys that were delivered more than once are sorted.
create macro newest(name, key) as table
with delivered as (from query_table(name) where _refused is null),
repeated as (select hash(key) from delivered group by all having count(*) > 1)
select * exclude (updated_at, _source, _load, _file, _position, _loaded_at, _refused, _payload)
from (
    from delivered where hash(key) not in (from repeated)
    union all
    from delivered where hash(key) in (from repeated)
    qualify row_number() over (partition by key order by updated_at desc nulls last, _load desc, _file desc, _position desc) = 1
);
create macro email_key(email) as  -- 4.2
    nullif(translate(trim(email, ' '), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'), '');
create macro unless_blank(string) as if(trim(string, ' ') <> '', string, null);  -- 3.9
create macro local_date(instant, zone) as (instant at time zone zone)::date;  -- 1.1
create macro amount(number) as least(number, 99999999999999.9999)::decimal(18, 4);  -- what no decimal of the contract holds is cut
create macro whole(number) as least(number, 9223372036854775807)::bigint;
create macro escaped(part) as replace(replace(part, '%', '%25'), '/', '%2F');

-- Catalogue

create temp table account as from newest('lake.accounts', account_id);
create table metrics.accounts as select account_id, name, timezone, currency from account;

create temp table profile as
select
    account_id, profile_id, email, phone, email_key(email) as email_key,
    nullif(concat_ws(' ', unless_blank(first_name), unless_blank(last_name)), '') as name
from newest('lake.profiles', (account_id, profile_id)) semi join account using (account_id);
create table metrics.profiles as select account_id, profile_id, name, email, phone from profile;

create table metrics.products as
select account_id, product_id, title, url
from newest('lake.products', (account_id, product_id)) semi join account using (account_id);

create table metrics.articles as
select account_id, article_id, title, url, is_published
from newest('lake.articles', (account_id, article_id)) semi join account using (account_id);

-- Who is who

create temp table visitor as  -- 4.1
select account_id, visitor_id, arg_max(profile_id, (seen_at, profile_id)) as profile_id
from newest('lake.visitors', (account_id, visitor_id, profile_id))
where seen_at <= getvariable('as_of')
group by all;

create temp table email as  -- 4.2
select account_id, email_key, min(profile_id) as profile_id from profile where email_key is not null group by all;

-- Threads. A conversation that counts may still turn out not to have started (3.1).

create temp table counted as
select conversations.*, timezone, auto_close_hours
from newest('lake.conversations', (account_id, conversation_id)) as conversations join account using (account_id)
where created_at <= getvariable('as_of');

create table metrics.messages as  -- 3.1, 3.2
select
    account_id, message_id, conversation_id, row_number() over thread as position, sender, text, skill, recommended_product_ids,
    sent_at
from newest('lake.messages', (account_id, message_id)) semi join counted using (account_id, conversation_id)
where sent_at <= getvariable('as_of')
window
    thread as (partition by account_id, conversation_id order by sent_at, message_id),
    whole_thread as (partition by account_id, conversation_id)
qualify bool_or(sender = 'visitor') over whole_thread;

create temp table thread as  -- 3.2, 3.8
select
    account_id, conversation_id,
    count(*) filter (sender <> 'system') as message_count,
    count(*) filter (sender = 'visitor') as visitor_message_count,
    count(*) filter (sender = 'agent') as agent_message_count,
    count(*) filter (sender = 'human') as human_message_count,
    min(sent_at) filter (sender = 'visitor') as started_at,
    max(sent_at) filter (sender <> 'system') as last_message_at,
    max(sent_at) filter (sender = 'visitor') as last_visitor_message_at,
    min(sent_at) filter (sender = 'human') as first_human_message_at,
    arg_max(sender, position) filter (sender <> 'system') as last_sender,
    min(position) filter (sender = 'visitor') as first_visitor_position,
    arg_min(skill, position) filter (sender = 'agent') as initial_skill,
    arg_max(skill, position) filter (sender = 'agent') as final_skill
from metrics.messages
group by all;

create temp table step as
select steps.*, type in ('accepted', 'ticket_created', 'message_sent', 'human_joined') as is_handoff  -- 3.4
from newest('lake.handoff_events', (account_id, handoff_event_id)) as steps semi join thread using (account_id, conversation_id)
where occurred_at <= getvariable('as_of');

create table metrics.handoff_steps as
select account_id, handoff_event_id, conversation_id, type, occurred_at, reason, platform, ticket_id from step;

create temp table handoff as  -- 3.3, 3.4, 3.6
select
    account_id, conversation_id,
    min(occurred_at) filter (is_handoff) as first_handoff_at,
    min(occurred_at) filter (is_handoff and type <> 'message_sent') as first_routed_at,
    bool_or(type = 'message_sent') as has_handoff_message,
    min(occurred_at) filter (type = 'ticket_created' and platform in ('zendesk', 'gorgias')) as helpdesk_ticket_at,
    first(reason order by occurred_at, handoff_event_id) filter (is_handoff and reason is not null) as handoff_reason,
    first(reason order by occurred_at, handoff_event_id) filter (type = 'offered' and reason is not null) as offer_reason,
    first({'platform': platform, 'id': ticket_id} order by occurred_at, handoff_event_id) filter (type = 'ticket_created') as ticket,
    last(email_key(email) order by occurred_at, handoff_event_id)
        filter (type = 'email_provided' and email_key(email) is not null) as email_key
from step
group by all;

create temp table conversation as
with facts as (
    select
        counted.* exclude (profile_id), thread.* exclude (account_id, conversation_id),
        handoff.* exclude (account_id, conversation_id),
        coalesce(counted.profile_id, visitor.profile_id, email.profile_id) as profile_id,  -- 4.2
        last_message_at + to_hours(auto_close_hours) as times_out_at,
        case  -- 3.3
            when counted.closed_at <= least(times_out_at, getvariable('as_of')) and counted.closed_at >= last_message_at
                then {'at': counted.closed_at, 'by': coalesce(closed_by, 'visitor')}
            when helpdesk_ticket_at <= times_out_at and helpdesk_ticket_at >= last_visitor_message_at
                then {'at': helpdesk_ticket_at, 'by': 'handoff'}
            when times_out_at <= getvariable('as_of') then {'at': times_out_at, 'by': 'timeout'}
        end as closing,
        least(first_handoff_at, first_human_message_at) as handed_off_at,
        least(first_routed_at, first_human_message_at) as routed_at
    from counted
    join thread using (account_id, conversation_id)
    left join handoff using (account_id, conversation_id)
    left join visitor using (account_id, visitor_id)
    left join email using (account_id, email_key)
)

select
    * replace (closing.at as closed_at, closing.by as closed_by),
    case  -- 3.5
        when routed_at is not null then 'routed'
        when has_handoff_message then 'closed'
        when closing is not null and last_sender = 'agent' then 'resolved'
        else 'open'
    end as status,
    if(status in ('routed', 'closed'), coalesce(handoff_reason, offer_reason), null) as escalation_reason,  -- 3.6
    local_date(started_at, timezone) as started_on
from facts;

create temp table interaction as  -- 4.2, 4.3
select
    interactions.* exclude (profile_id, visitor_id), channel, status, tag, timezone,
    coalesce(interactions.profile_id, visitor.profile_id, conversation.profile_id) as profile_id,
    coalesce(interactions.visitor_id, conversation.visitor_id) as visitor_id
from newest('lake.interactions', (account_id, interaction_id)) as interactions
join conversation using (account_id, conversation_id)
left join visitor on visitor.account_id = interactions.account_id and visitor.visitor_id = interactions.visitor_id
where occurred_at <= getvariable('as_of');

create table metrics.interactions as
select account_id, interaction_id, conversation_id, message_id, type, occurred_at, product_id, url, quantity, profile_id
from interaction;

-- Sales

create temp table placed as  -- every version of every order, with its account's currency (2.2)
select orders.*, account.currency as account_currency
from lake.orders as orders join account using (account_id)
where _refused is null;

create temp table line as
with accepted as (  -- 2.1
    select * from placed where currency = account_currency
    qualify row_number() over (
        partition by account_id, order_id order by updated_at desc nulls last, _load desc, _file desc, _position desc
    ) = 1
)

select
    account_id, order_line_id, order_id, product_id, quantity, placed_at, accepted.visitor_id, currency,
    coalesce(accepted.profile_id, email.profile_id, visitor.profile_id) as profile_id,  -- 4.2
    amount(greatest(quantity * unit_price::decimal(38, 4) - discount, 0)) as revenue,  -- 5.4
    if(cancelled_at <= getvariable('as_of'), 0, greatest(revenue - refunded_amount, 0))::decimal(18, 4) as net_revenue
from newest('lake.order_lines', (account_id, order_line_id)) as lines
join accepted using (account_id, order_id)
left join email on email.account_id = lines.account_id and email.email_key = email_key(accepted.email)
left join visitor using (account_id, visitor_id)
where placed_at <= getvariable('as_of');

create temp table touch as  -- 5.1
with recommendation as (
    select distinct
        account_id, message_id, conversation_id, unnest(recommended_product_ids) as product_id,
        conversation.profile_id, conversation.visitor_id, sent_at
    from metrics.messages as messages join conversation using (account_id, conversation_id)
    where channel = 'sms' and sender = 'agent'
),

touches as (
    select
        account_id, conversation_id, channel, product_id, profile_id, visitor_id, 'click' as touch_type,
        interaction_id as touch_id, occurred_at as touched_at
    from interaction
    where type = 'product_card_click' and channel in ('web_chat', 'sms') or type = 'link_click' and channel = 'sms'
    union all
    select
        account_id, conversation_id, channel, recommendation.product_id, interaction.profile_id, interaction.visitor_id, 'open',
        interaction_id, occurred_at
    from interaction join recommendation using (account_id, conversation_id, message_id)
    where type = 'message_opened'
    union all
    select account_id, conversation_id, 'sms', product_id, profile_id, visitor_id, 'delivery', message_id, sent_at
    from recommendation
)

select
    touches.*,
    case
        when touch_type = 'open' then sms_open_window_hours
        when touch_type = 'delivery' then sms_delivery_window_hours
        when channel = 'sms' then sms_click_window_hours
        else web_chat_click_window_hours
    end as hours,
    touched_at + to_hours(hours) as expires_at
from touches join account using (account_id)
where hours > 0;

create table metrics.attributed_order_lines as  -- 4.3, 5.2
with pairs as (
    select line.*, touch.* exclude (account_id, product_id, profile_id, visitor_id), touch.profile_id as touch_profile_id
    from line join touch using (account_id, product_id, profile_id)
    where placed_at between touched_at and expires_at
    union all
    select line.*, touch.* exclude (account_id, product_id, profile_id, visitor_id), touch.profile_id
    from line join touch using (account_id, product_id, visitor_id)
    where placed_at between touched_at and expires_at and (line.profile_id is null or touch.profile_id is null)
)

select
    account_id, order_line_id, order_id, product_id, coalesce(profile_id, touch_profile_id) as profile_id, conversation_id, channel,
    touch_type, touch_id, touched_at, placed_at, local_date(placed_at, timezone) as placed_on, quantity, revenue, net_revenue,
    pairs.currency
from pairs join account using (account_id)
qualify row_number() over (
    partition by account_id, order_line_id
    order by touched_at desc, list_position(['click', 'open', 'delivery'], touch_type), touch_id
) = 1;

-- What came of it

create table metrics.conversations as
with clicks as (
    select
        account_id, conversation_id,
        count(*) filter (type in ('product_card_click', 'link_click')) as link_clicks,
        sum(quantity) filter (type = 'add_to_cart') as add_to_cart_items
    from interaction group by all
),

sales as (
    select
        account_id, conversation_id, count(distinct order_id) as attributed_orders,
        sum(revenue) as attributed_revenue, sum(net_revenue) as net_attributed_revenue
    from metrics.attributed_order_lines group by all
)

select
    account_id, conversation_id, channel, status,
    case status when 'resolved' then 'resolved_by_ai' when 'open' then 'open' else 'unresolved_by_ai' end as legacy_status,  -- 3.7
    closed_at, closed_by, tag, profile_id,
    coalesce(profile.name, unless_blank(profile.email), unless_blank(phone), 'Anonymous') as profile_name,  -- 3.9
    question.text as first_question, initial_skill, final_skill,
    message_count, visitor_message_count, agent_message_count, human_message_count,
    started_at, started_on, last_message_at,
    case status when 'routed' then 'ticket' when 'closed' then 'message' end as handoff_method,
    handed_off_at, escalation_reason, ticket.platform as ticket_platform, ticket.id as ticket_id,
    coalesce(link_clicks, 0) as link_clicks, whole(coalesce(add_to_cart_items, 0)) as add_to_cart_items,
    coalesce(attributed_orders, 0) as attributed_orders,
    amount(coalesce(attributed_revenue, 0)) as attributed_revenue,
    amount(coalesce(net_attributed_revenue, 0)) as net_attributed_revenue
from conversation
join metrics.messages as question using (account_id, conversation_id)
left join profile using (account_id, profile_id)
left join clicks using (account_id, conversation_id)
left join sales using (account_id, conversation_id)
where question.position = first_visitor_position;

create table metrics.agent_events as  -- 7
select
    account_id, concat_ws('/', event, escaped(account_id), escaped(conversation_id), escaped(message_id)) as event_id, event,
    case event
        when 'conversation_started' then 'Started conversation with Customer Agent'
        when 'conversation_resolved' then 'Conversation with Customer Agent resolved'
        when 'conversation_escalated' then 'Conversation with Customer Agent escalated'
        else 'Received product recommendation from Customer Agent'
    end as event_name,
    occurred_at, conversation_id, profile_id, channel,
    if(event = 'conversation_started', initial_skill, null) as initial_skill,
    if(event = 'conversation_resolved', final_skill, null) as final_skill,
    if(event in ('conversation_resolved', 'conversation_escalated'), tag, null) as tag,
    if(event = 'conversation_escalated', escalation_reason, null) as escalation_reason,
    product_ids
from (
    select account_id, conversation_id, 'conversation_started' as event, started_at as occurred_at, null as message_id,
        null as product_ids
    from conversation
    union all
    select account_id, conversation_id, 'conversation_resolved', closed_at, null, null from conversation where status = 'resolved'
    union all
    select account_id, conversation_id, 'conversation_escalated', routed_at, null, null from conversation where status = 'routed'
    union all
    select account_id, conversation_id, 'product_recommended', sent_at, message_id, recommended_product_ids
    from metrics.messages where sender = 'agent' and recommended_product_ids is not null
) join conversation using (account_id, conversation_id);

create table metrics.daily_performance as  -- 6.1, 6.3
with happened as (
    select account_id, started_on as date, channel, status, tag, 1 as conversations, 0 as clicks, 0 as items from conversation
    union all
    select
        account_id, local_date(occurred_at, timezone), channel, status, tag, 0, (type <> 'add_to_cart')::int,
        if(type = 'add_to_cart', quantity, 0)
    from interaction where type <> 'message_opened'
),

everything as (
    select *, null as order_id, 0 as revenue, 0 as net_revenue from happened
    union all
    select account_id, placed_on, conversation.channel, status, tag, 0, 0, 0, order_id, revenue, net_revenue
    from metrics.attributed_order_lines join conversation using (account_id, conversation_id)
)

select
    account_id, date, channel, status, coalesce(tag, '') as tag, whole(sum(conversations)) as conversations,
    whole(sum(clicks)) as link_clicks, whole(sum(items)) as add_to_cart_items, count(distinct order_id) as attributed_orders,
    amount(sum(revenue)) as attributed_revenue, amount(sum(net_revenue)) as net_attributed_revenue
from everything
group by all;

create temp table usage as  -- 6.4
select account_id, local_date(sent_at, timezone) as date, channel, skill, conversation_id, count(*) as messages
from metrics.messages join conversation using (account_id, conversation_id)
where sender = 'agent' and skill is not null
group by all;

create table metrics.daily_skill_usage as
select account_id, date, channel, skill, whole(sum(messages)) as messages, count(*) as conversations from usage group by all;

create table metrics.skills as
with used as (
    select account_id, skill, whole(sum(messages)) as messages, count(distinct conversation_id) as conversations
    from usage group by all
),

listed as (
    select account_id, skill, label, is_available
    from newest('lake.skills', (account_id, skill)) semi join account using (account_id)
)

select
    account_id, skill, coalesce(label, skill) as label, coalesce(is_available, false) as is_available,
    coalesce(messages, 0) as messages, coalesce(conversations, 0) as conversations
from listed full join used using (account_id, skill)
where is_available or messages > 0;

-- Refused

create table metrics.rejected_rows as  -- 2.2
with refused as (
    select
        _source as source, parse_path(filename)[-2] as "table", _refused as reason, _payload as payload, _loaded_at as rejected_at,
        _load, _file, _position
    from read_parquet(getvariable('files'), union_by_name = true, filename = true)
    where _refused is not null
    union all
    select
        _source, 'orders', format('currency: {} is not the account''s currency {}', currency, account_currency), _payload,
        _loaded_at, _load, _file, _position
    from placed where currency <> account_currency
)

select
    md5(concat_ws('/', source, "table", payload)) as rejected_row_id, source, "table", reason, payload, rejected_at
from refused
qualify row_number() over (partition by source, "table", payload order by _load, _file, _position) = 1;
