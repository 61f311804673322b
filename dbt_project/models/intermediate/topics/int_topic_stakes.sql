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

shoppers as (
    select asked.account_id, asked.conversation_id, conversations.profile_id, asked.is_unanswered, asked.last_asked_at
    from asked
    inner join {{ ref('conversations') }} as conversations
        on asked.account_id = conversations.account_id and asked.conversation_id = conversations.conversation_id
),

-- whose shopper is known, and who had a day to buy
watched as (
    select account_id, conversation_id, profile_id, is_unanswered, last_asked_at
    from shoppers
    where profile_id is not null and {{ hours_later('last_asked_at', 24) }} <= {{ as_of() }}
),

orders as (
    select account_id, profile_id, placed_at, net_revenue
    from {{ ref('orders') }}
    where cancelled_at is null
),

bought as (
    select distinct watched.account_id, watched.conversation_id
    from watched
    inner join orders
        on
            watched.account_id = orders.account_id
            and watched.profile_id = orders.profile_id
            and watched.last_asked_at <= orders.placed_at
            and {{ hours_later('watched.last_asked_at', 24) }} > orders.placed_at
),

answered as (
    select
        watched.account_id,
        count(*) as conversations,
        count(bought.conversation_id) as bought
    from watched
    left join bought
        on watched.account_id = bought.account_id and watched.conversation_id = bought.conversation_id
    where not watched.is_unanswered
    group by watched.account_id
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
        count(distinct shoppers.profile_id) + count(*) filter (where shoppers.profile_id is null) as shopper_count,
        count(distinct case when asked.is_unanswered then shoppers.profile_id end)
        + count(*) filter (where asked.is_unanswered and shoppers.profile_id is null) as unanswered_shoppers,
        count(watched.conversation_id) filter (where asked.is_unanswered) as watched_unanswered,
        count(bought.conversation_id) filter (where asked.is_unanswered) as bought_unanswered
    from {{ ref('int_question_conversations') }} as asked
    inner join shoppers
        on asked.account_id = shoppers.account_id and asked.conversation_id = shoppers.conversation_id
    left join watched
        on asked.account_id = watched.account_id and asked.conversation_id = watched.conversation_id
    left join bought
        on asked.account_id = bought.account_id and asked.conversation_id = bought.conversation_id
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
