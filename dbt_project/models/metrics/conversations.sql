{{ config(meta={'month_of': 'started_on'}) }}

-- Every conversation that a shopper started, with what came of it.
-- depends_on: {{ ref('changed_days_before') }}
-- depends_on: {{ ref('changed_shoppers_before') }}
with conversations as (
    {{ changed_rows(ref('int_conversations'), 'changed_totals') }}
)

select
    conversations.account_id,
    conversations.conversation_id,
    conversations.channel,
    conversations.status,
    conversations.open_reason,
    case conversations.status
        when 'resolved' then 'resolved_by_ai'
        when 'open' then 'open'
        else 'unresolved_by_ai'
    end as legacy_status,
    conversations.closed_at,
    conversations.closed_by,
    conversations.tag,
    conversations.agent,
    conversations.rating,
    conversations.profile_id,
    coalesce(
        {{ full_name('profiles.first_name', 'profiles.last_name') }},
        {{ unless_blank('profiles.email') }},
        {{ unless_blank('profiles.phone') }},
        'Anonymous'
    ) as profile_name,
    conversations.first_question,
    conversations.initial_skill,
    conversations.final_skill,
    conversations.message_count,
    conversations.visitor_message_count,
    conversations.agent_message_count,
    conversations.human_message_count,
    conversations.started_at,
    conversations.started_on,
    conversations.last_message_at,
    conversations.handoff_method,
    conversations.handed_off_at,
    conversations.escalation_reason,
    conversations.ticket_platform,
    conversations.ticket_id,
    case when recontacts.account_id is not null then recontacts.recontacted_at is not null end as is_recontacted,
    recontacts.recontacted_at,
    recontacts.recontacted_by,
    recontacts.recontact_id,
    conversations.is_deflected,
    coalesce(interactions.link_clicks, 0) as link_clicks,
    {{ as_integer('coalesce(interactions.add_to_cart_items, 0)') }} as add_to_cart_items,
    coalesce(sales.attributed_orders, 0) as attributed_orders,
    {{ as_amount('coalesce(sales.attributed_revenue, 0)') }} as attributed_revenue,
    {{ as_amount('coalesce(sales.net_attributed_revenue, 0)') }} as net_attributed_revenue,
    coalesce(sales.inferred_orders, 0) as inferred_orders,
    {{ as_amount('coalesce(sales.inferred_revenue, 0)') }} as inferred_revenue
from conversations
left join {{ ref('stg_profiles') }} as profiles
    on conversations.account_id = profiles.account_id and conversations.profile_id = profiles.profile_id
left join {{ ref('int_interaction_totals') }} as interactions
    on
        conversations.account_id = interactions.account_id
        and conversations.conversation_id = interactions.conversation_id
left join {{ ref('int_sales_totals') }} as sales
    on conversations.account_id = sales.account_id and conversations.conversation_id = sales.conversation_id
left join {{ ref('int_recontacts') }} as recontacts
    on
        conversations.account_id = recontacts.account_id
        and conversations.conversation_id = recontacts.conversation_id
