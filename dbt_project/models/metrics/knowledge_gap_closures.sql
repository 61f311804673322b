{{ config(tags=['topics']) }}

-- Articles that closed a topic, and how often it was handed off before and after (8.3). The interval of the change is Newcombe's
-- hybrid score: Newcombe 1998, Statistics in Medicine 17:873-890, method 10.
with counted as (
    select
        turns.account_id, turns.topic_id, turns.article_id,
        turns.turned_at as closed_at,
        turns.next_turned_at as reopened_at,
        count(asked.conversation_id) filter (
            where
            asked.first_asked_at < turns.turned_at
            and (turns.previous_turned_at is null or asked.first_asked_at >= turns.previous_turned_at)
        ) as conversations_before,
        count(asked.conversation_id) filter (
            where
            asked.is_handed_off
            and asked.first_asked_at < turns.turned_at
            and (turns.previous_turned_at is null or asked.first_asked_at >= turns.previous_turned_at)
        ) as handed_off_before,
        count(asked.conversation_id) filter (
            where
            asked.first_asked_at >= turns.turned_at
            and (turns.next_turned_at is null or asked.first_asked_at < turns.next_turned_at)
        ) as conversations_after,
        count(asked.conversation_id) filter (
            where
            asked.is_handed_off
            and asked.first_asked_at >= turns.turned_at
            and (turns.next_turned_at is null or asked.first_asked_at < turns.next_turned_at)
        ) as handed_off_after
    from {{ ref('int_coverage_turns') }} as turns
    left join {{ ref('int_question_conversations') }} as asked
        on turns.account_id = asked.account_id and turns.topic_id = asked.topic_id
    where turns.is_covered
    group by turns.account_id, turns.topic_id, turns.article_id, turns.turned_at, turns.next_turned_at
),

rated as (
    select
        *,
        {{ share('handed_off_before', 'conversations_before') }} as before,
        {{ share('handed_off_after', 'conversations_after') }} as after,
        {{ wilson_bound('handed_off_before', 'conversations_before', '-') }} as before_low,
        {{ wilson_bound('handed_off_before', 'conversations_before', '+') }} as before_high,
        {{ wilson_bound('handed_off_after', 'conversations_after', '-') }} as after_low,
        {{ wilson_bound('handed_off_after', 'conversations_after', '+') }} as after_high
    from counted
)

select
    account_id, topic_id, article_id,
    conversations_before, handed_off_before,
    before as handoff_rate_before,
    conversations_after, handed_off_after,
    after as handoff_rate_after,
    after - before as handoff_rate_change,
    after - before - sqrt((after - after_low) * (after - after_low) + (before_high - before) * (before_high - before)) as change_low,
    after - before + sqrt((after_high - after) * (after_high - after) + (before - before_low) * (before - before_low)) as change_high,
    closed_at, reopened_at
from rated
