{{ config(meta={'changed_by': 'changed_days'}) }}

-- What happened on a local date, under the channel, status and tag that the conversation has as of now (6.1, 6.3).
with happened as (
    select account_id, conversation_id, started_on as date, 1 as conversations, 0 as link_clicks, 0 as add_to_cart_items
    from {{ ref('int_conversations') }} as conversations
    where
        true
        {{ only_changed('changed_days', ['conversations.account_id', 'conversations.started_on']) }}
    union all
    select
        account_id, conversation_id, occurred_on as date, 0 as conversations,
        case when type = 'add_to_cart' then 0 else 1 end as link_clicks,
        case when type = 'add_to_cart' then quantity else 0 end as add_to_cart_items
    from {{ ref('int_interactions') }} as interactions
    where
        type in ('product_card_click', 'link_click', 'add_to_cart')
        {{ only_changed('changed_days', ['interactions.account_id', 'interactions.occurred_on']) }}
),

sold as (
    select account_id, conversation_id, placed_on as date, order_id, revenue, net_revenue
    from {{ ref('attributed_order_lines') }} as lines
    where
        true
        {{ only_changed('changed_days', ['lines.account_id', 'lines.placed_on']) }}
),

everything as (
    select
        account_id, conversation_id, date, conversations, link_clicks, add_to_cart_items,
        cast(null as {{ dbt.type_string() }}) as order_id, 0 as revenue, 0 as net_revenue
    from happened
    union all
    select
        account_id, conversation_id, date, 0 as conversations, 0 as link_clicks, 0 as add_to_cart_items,
        order_id, revenue, net_revenue
    from sold
)

select
    everything.account_id,
    everything.date,
    conversations.channel,
    conversations.status,
    coalesce(conversations.tag, '') as tag,
    cast(sum(everything.conversations) as bigint) as conversations,
    cast(sum(everything.link_clicks) as bigint) as link_clicks,
    cast(sum(everything.add_to_cart_items) as bigint) as add_to_cart_items,
    count(distinct everything.order_id) as attributed_orders,
    cast(sum(everything.revenue) as decimal(18, 4)) as attributed_revenue,
    cast(sum(everything.net_revenue) as decimal(18, 4)) as net_attributed_revenue
from everything
inner join {{ ref('int_conversations') }} as conversations
    on
        everything.account_id = conversations.account_id
        and everything.conversation_id = conversations.conversation_id
group by
    everything.account_id, everything.date,
    conversations.channel, conversations.status, coalesce(conversations.tag, '')
