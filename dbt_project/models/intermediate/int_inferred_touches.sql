{{ config(meta={'changed_by': 'changed_product_events', 'month_of': 'touched_at'}) }}

-- What a shopper did with a product soon after the agent had recommended it, as a touch of the conversation of the last
-- such message, and until when an order counts for it (5.6).
{% set products_and_minutes %}
    events.account_id = recommended.account_id
    and events.product_id = recommended.product_id
    and events.occurred_at >= recommended.sent_at
    and events.occurred_at <= recommended.ends_at
{% endset %}
{% set columns %}
    events.*, recommended.conversation_id, recommended.channel, recommended.message_id, recommended.sent_at
{% endset %}

with product_events as (
    {{ changed_rows(ref('stg_product_events'), 'changed_product_events') }}
),

events as (
    select
        product_events.account_id, product_events.product_event_id, product_events.product_id,
        coalesce(product_events.profile_id, visitors.profile_id) as profile_id, product_events.visitor_id,
        accounts.inferred_window_hours, product_events.occurred_at
    from product_events
    inner join {{ ref('int_accounts') }} as accounts
        on product_events.account_id = accounts.account_id
    left join {{ ref('int_visitor_profiles') }} as visitors
        on product_events.account_id = visitors.account_id and product_events.visitor_id = visitors.visitor_id
    where product_events.occurred_at <= {{ as_of() }}
),

matched as (
    select {{ columns }}
    from events
    inner join {{ ref('int_recommendations') }} as recommended
        on
            events.profile_id = recommended.profile_id
            and {{ products_and_minutes }}
    union all
    select {{ columns }}
    from events
    inner join {{ ref('int_recommendations') }} as recommended
        on
            events.visitor_id = recommended.visitor_id
            and (events.profile_id is null or recommended.profile_id is null)
            and {{ products_and_minutes }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by account_id, product_event_id
            order by sent_at desc, message_id asc
        ) as message_rank
    from matched
)

select
    account_id, conversation_id, product_id, product_event_id, profile_id, visitor_id,
    channel, 'inferred' as touch_type,
    occurred_at as touched_at, {{ hours_later('occurred_at', 'inferred_window_hours') }} as expires_at
from ranked
where message_rank = 1
