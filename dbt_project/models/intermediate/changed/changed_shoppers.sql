{{ config(tags=['topics']) }}

-- Shoppers of whom a definition may say something else than in the build before (12.1): a row of theirs changed, or it was or is
-- theirs, a topic of a question of theirs changed, or an event of theirs grew old enough to come into a time, or to leave it.
{% if is_full_build() or target.type == 'spark' %}
{{ empty_set('changed_shoppers') }}
{% else %}
-- Found first: joined with all conversations before, the questions of no topic cost as much as those of all.
with asked_of_topics as (
    select distinct questions.account_id, questions.conversation_id
    from {{ ref('knowledge_gap_questions') }} as questions
    where {{ is_in('changed_topics', ['questions.account_id', 'questions.topic_id']) }}
),

changed as (
    select account_id, conversation_id from {{ ref('changed_totals') }}
    union
    select account_id, conversation_id from {{ ref('changed_questions') }}
    union
    select account_id, conversation_id from asked_of_topics
),

changed_rows as (
    select conversations.account_id, conversations.profile_id, conversations.conversation_id
    from {{ ref('conversations') }} as conversations
    inner join changed
        on conversations.account_id = changed.account_id and conversations.conversation_id = changed.conversation_id
    union all
    select interactions.account_id, interactions.profile_id, interactions.conversation_id
    from {{ ref('interactions') }} as interactions
    where {{ is_in('changed_conversations', ['interactions.account_id', 'interactions.conversation_id']) }}
    union all
    select orders.account_id, orders.profile_id, cast(null as {{ dbt.type_string() }}) as conversation_id
    from {{ ref('orders') }} as orders
    where {{ is_in('changed_order_totals', ['orders.account_id', 'orders.order_id']) }}
    union all
    select lines.account_id, lines.profile_id, lines.conversation_id
    from {{ ref('attributed_order_lines') }} as lines
    where {{ is_in('changed_order_lines', ['lines.account_id', 'lines.order_line_id']) }}
    union all
    select tickets.account_id, tickets.profile_id, tickets.conversation_id
    from {{ ref('tickets') }} as tickets
    where {{ is_in('changed_tickets', ['tickets.account_id', 'tickets.ticket_id']) }}
)

select account_id, {{ shopper() }} as shopper
from changed_rows
where profile_id is not null or conversation_id is not null
union
select account_id, shopper
from {{ ref('changed_shoppers_before') }}
union
select account_id, concat('p/', profile_id) as shopper
from {{ ref('changed_profiles') }}
union
select account_id, shopper
from ({{ laid_query('moved') }}) as moved
{% endif %}
