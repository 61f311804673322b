{{ config(materialized='view') }}

-- Every order line with every touch of the same shopper on the same product in whose window it was bought (4.3, 5.2): shoppers
-- are the same by profile, or by visitor where either has no profile.
{% set lines_and_windows %}
    lines.account_id = touches.account_id
    and lines.product_id = touches.product_id
    and lines.placed_at >= touches.touched_at
    and lines.placed_at <= touches.expires_at
{% endset %}
{% set columns %}
    lines.*,
    touches.conversation_id, touches.channel, touches.touch_type, touches.touch_id, touches.touched_at,
    touches.profile_id as touch_profile_id
{% endset %}

with lines as (
    {{ changed_rows(ref('int_order_lines'), 'changed_order_lines') }}
)

select {{ columns }}
from lines
inner join {{ ref('int_all_touches') }} as touches
    on
        lines.profile_id = touches.profile_id
        and {{ lines_and_windows }}
union all
select {{ columns }}
from lines
inner join {{ ref('int_all_touches') }} as touches
    on
        lines.visitor_id = touches.visitor_id
        and (lines.profile_id is null or touches.profile_id is null)
        and {{ lines_and_windows }}
