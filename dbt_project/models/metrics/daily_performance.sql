{{ config(meta={'month_of': 'date'}) }}

-- What happened on a local date, under the channel, status and tag that the conversation has as of now (6.1, 6.3).
with started as (
    {{ changed_rows(ref('int_conversations'), 'changed_days', ['account_id', 'started_on']) }}
),

interactions as (
    {{ changed_rows(ref('int_interactions'), 'changed_days', ['account_id', 'occurred_on']) }}
),

lines as (
    {{ changed_rows(ref('attributed_order_lines'), 'changed_days', ['account_id', 'placed_on']) }}
),

happened as (
    select
        started.account_id, started.conversation_id, started.started_on as date, 1 as conversations,
        case when recontacts.recontacted_at is null then 0 else 1 end as recontacted_conversations,
        case when started.is_deflected then 1 else 0 end as deflected_conversations,
        case when started.open_reason = 'running' then 1 else 0 end as running_conversations,
        case when started.open_reason = 'unanswered' then 1 else 0 end as unanswered_conversations,
        0 as link_clicks, 0 as add_to_cart_items
    from started
    left join {{ ref('int_recontacts') }} as recontacts
        on started.account_id = recontacts.account_id and started.conversation_id = recontacts.conversation_id
    union all
    select
        account_id, conversation_id, occurred_on as date, 0 as conversations, 0 as recontacted_conversations, 0 as deflected_conversations,
        0 as running_conversations, 0 as unanswered_conversations,
        case when type = 'add_to_cart' then 0 else 1 end as link_clicks,
        case when type = 'add_to_cart' then {{ summable('quantity') }} else 0 end as add_to_cart_items
    from interactions
    where type in ('product_card_click', 'link_click', 'add_to_cart')
),

everything as (
    select
        account_id, conversation_id, date, conversations, recontacted_conversations, deflected_conversations,
        running_conversations, unanswered_conversations,
        link_clicks, add_to_cart_items,
        cast(null as {{ dbt.type_string() }}) as order_id, 0 as revenue, 0 as net_revenue,
        cast(null as {{ dbt.type_string() }}) as inferred_order_id, 0 as inferred_revenue
    from happened
    union all
    select
        account_id, conversation_id, placed_on as date, 0 as conversations, 0 as recontacted_conversations, 0 as deflected_conversations,
        0 as running_conversations, 0 as unanswered_conversations,
        0 as link_clicks, 0 as add_to_cart_items,
        case when touch_type <> 'inferred' then order_id end as order_id,
        case when touch_type <> 'inferred' then revenue else 0 end as revenue,
        case when touch_type <> 'inferred' then net_revenue else 0 end as net_revenue,
        case when touch_type = 'inferred' then order_id end as inferred_order_id,
        case when touch_type = 'inferred' then revenue else 0 end as inferred_revenue
    from lines
)

select
    everything.account_id,
    everything.date,
    conversations.channel,
    conversations.status,
    coalesce(conversations.tag, '') as tag,
    {{ as_integer('sum(everything.conversations)') }} as conversations,
    {{ as_integer('sum(everything.recontacted_conversations)') }} as recontacted_conversations,
    {{ as_integer('sum(everything.deflected_conversations)') }} as deflected_conversations,
    {{ as_integer('sum(everything.running_conversations)') }} as running_conversations,
    {{ as_integer('sum(everything.unanswered_conversations)') }} as unanswered_conversations,
    {{ as_integer('sum(everything.link_clicks)') }} as link_clicks,
    {{ as_integer('sum(everything.add_to_cart_items)') }} as add_to_cart_items,
    count(distinct everything.order_id) as attributed_orders,
    {{ as_amount('sum(everything.revenue)') }} as attributed_revenue,
    {{ as_amount('sum(everything.net_revenue)') }} as net_attributed_revenue,
    count(distinct everything.inferred_order_id) as inferred_orders,
    {{ as_amount('sum(everything.inferred_revenue)') }} as inferred_revenue
from everything
inner join {{ ref('int_conversations') }} as conversations
    on
        everything.account_id = conversations.account_id
        and everything.conversation_id = conversations.conversation_id
group by
    everything.account_id, everything.date,
    conversations.channel, conversations.status, coalesce(conversations.tag, '')
