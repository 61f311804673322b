{{ config(materialized='table', tags=['topics']) }}

-- Whom a topic left without an answer, and how much seldomer they bought within a day than those who got one (8.6). The interval
-- of the difference is Newcombe's hybrid score, as in knowledge_gap_closures.
with asked as (
    select
        account_id, conversation_id,
        max(case when is_unanswered then 1 else 0 end) = 1 as is_unanswered,
        max(last_asked_at) as last_asked_at
    from {{ ref('int_question_conversations') }}
    group by account_id, conversation_id
),

-- A shopper who is known and had a day to buy is watched.
shoppers as (
    select
        asked.account_id, asked.conversation_id, conversations.profile_id, asked.is_unanswered, asked.last_asked_at,
        conversations.profile_id is not null and {{ hours_later('asked.last_asked_at', 24) }} <= {{ as_of() }} as is_watched
    from asked
    inner join {{ ref('conversations') }} as conversations
        on asked.account_id = conversations.account_id and asked.conversation_id = conversations.conversation_id
),

orders as (
    select account_id, profile_id, placed_at, net_revenue
    from {{ ref('orders') }}
    where cancelled_at is null
),

bought as (
    select distinct shoppers.account_id, shoppers.conversation_id
    from shoppers
    inner join orders
        on
            shoppers.account_id = orders.account_id
            and shoppers.profile_id = orders.profile_id
            and shoppers.last_asked_at <= orders.placed_at
            and {{ hours_later('shoppers.last_asked_at', 24) }} > orders.placed_at
    where shoppers.is_watched
),

judged as (
    select
        shoppers.account_id, shoppers.conversation_id, shoppers.profile_id, shoppers.is_unanswered, shoppers.is_watched,
        bought.conversation_id is not null as has_bought
    from shoppers
    left join bought
        on shoppers.account_id = bought.account_id and shoppers.conversation_id = bought.conversation_id
),

answered as (
    select
        account_id,
        count(*) as conversations,
        count(*) filter (where has_bought) as bought
    from judged
    where is_watched and not is_unanswered
    group by account_id
),

order_values as (
    select account_id, cast(sum(net_revenue) as double) / count(*) as average_order_value
    from orders
    group by account_id
),

topics as (
    select
        asked.account_id, asked.topic_id,
        count(*) as conversations,
        count(*) filter (where asked.is_unanswered) as unanswered,
        count(distinct judged.profile_id) + count(*) filter (where judged.profile_id is null) as shopper_count,
        count(distinct case when asked.is_unanswered then judged.profile_id end)
        + count(*) filter (where asked.is_unanswered and judged.profile_id is null) as unanswered_shoppers,
        count(*) filter (where asked.is_unanswered and judged.is_watched) as watched_unanswered,
        count(*) filter (where asked.is_unanswered and judged.has_bought) as bought_unanswered
    from {{ ref('int_question_conversations') }} as asked
    inner join judged
        on asked.account_id = judged.account_id and asked.conversation_id = judged.conversation_id
    where asked.topic_id is not null
    group by asked.account_id, asked.topic_id
),

rated as (
    select
        topics.account_id, topics.topic_id, topics.shopper_count, topics.unanswered_shoppers,
        topics.conversations, topics.unanswered,
        {{ share('answered.bought', 'answered.conversations') }} as answered_rate,
        {{ wilson_bound('answered.bought', 'answered.conversations', '-') }} as answered_low,
        {{ wilson_bound('answered.bought', 'answered.conversations', '+') }} as answered_high,
        {{ share('topics.bought_unanswered', 'topics.watched_unanswered') }} as unanswered_rate,
        {{ wilson_bound('topics.bought_unanswered', 'topics.watched_unanswered', '-') }} as unanswered_low,
        {{ wilson_bound('topics.bought_unanswered', 'topics.watched_unanswered', '+') }} as unanswered_high,
        order_values.average_order_value
    from topics
    left join answered
        on topics.account_id = answered.account_id
    left join order_values
        on topics.account_id = order_values.account_id
),

told as (
    select
        *,
        answered_rate - unanswered_rate as lost,
        sqrt(
            (answered_rate - answered_low) * (answered_rate - answered_low)
            + (unanswered_high - unanswered_rate) * (unanswered_high - unanswered_rate)
        ) as below,
        sqrt(
            (answered_high - answered_rate) * (answered_high - answered_rate)
            + (unanswered_rate - unanswered_low) * (unanswered_rate - unanswered_low)
        ) as above
    from rated
)

select
    account_id, topic_id, shopper_count,
    unanswered as unanswered_conversation_count,
    {{ share('unanswered', 'conversations') }} as unanswered_share,
    {{ wilson_bound('unanswered', 'conversations', '-') }} as unanswered_share_low,
    {{ wilson_bound('unanswered', 'conversations', '+') }} as unanswered_share_high,
    {{ at_stake('lost') }} as sales_at_stake,
    {{ at_stake('lost - below') }} as sales_at_stake_low,
    {{ at_stake('lost + above') }} as sales_at_stake_high
from told
