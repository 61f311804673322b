-- Order lines whose touch has to be found anew: changed lines, lines that belonged to a conversation that changed, and lines
-- that a touch of such a conversation reaches now, or a product event that may be another touch (5.6). What a line belonged to
-- before is kept beside it.
{% if is_full_build() %}
select
    cast(null as {{ dbt.type_string() }}) as account_id,
    cast(null as {{ dbt.type_string() }}) as order_line_id,
    cast(null as {{ dbt.type_string() }}) as was_conversation_id,
    cast(null as date) as was_placed_on
where false
{% else %}
with attributed as (
    select account_id, order_line_id, conversation_id, touch_type, touch_id, placed_on
    from {{ source('previous_metrics', 'attributed_order_lines') }}
),

changed as (
    select account_id, order_line_id from {{ ref('changed_lines') }}
    union
    select attributed.account_id, attributed.order_line_id
    from attributed
    where {{ is_in('changed_conversations', ['attributed.account_id', 'attributed.conversation_id']) }}
    union
    select lines.account_id, lines.order_line_id
    from {{ ref('int_order_lines') }} as lines
    inner join {{ ref('int_touches') }} as touches
        on
            lines.account_id = touches.account_id
            and lines.product_id = touches.product_id
            and lines.placed_at >= touches.touched_at
            and lines.placed_at <= touches.expires_at
    where {{ is_in('changed_conversations', ['touches.account_id', 'touches.conversation_id']) }}
    union
    select attributed.account_id, attributed.order_line_id
    from attributed
    where
        attributed.touch_type = 'inferred'
        and {{ is_in('changed_product_events', ['attributed.account_id', 'attributed.touch_id']) }}
    union
    select lines.account_id, lines.order_line_id
    from {{ ref('int_order_lines') }} as lines
    inner join {{ ref('int_inferred_touches') }} as touches
        on
            lines.account_id = touches.account_id
            and lines.product_id = touches.product_id
            and lines.placed_at >= touches.touched_at
            and lines.placed_at <= touches.expires_at
    where {{ is_in('changed_product_events', ['touches.account_id', 'touches.product_event_id']) }}
)

select
    changed.account_id, changed.order_line_id,
    attributed.conversation_id as was_conversation_id,
    attributed.placed_on as was_placed_on
from changed
left join attributed
    on
        changed.account_id = attributed.account_id
        and changed.order_line_id = attributed.order_line_id
{% endif %}
