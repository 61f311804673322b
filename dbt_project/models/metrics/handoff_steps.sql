{{ config(meta={'month_of': 'occurred_at'}) }}

-- The hand-off events of every started conversation, delivered and derived (3.4).
with steps as (
    {{ changed_rows(ref('int_handoff_steps'), 'changed_conversations') }}
)

select
    account_id, handoff_event_id, conversation_id,
    type, occurred_at, reason, platform, ticket_id, is_derived
from steps
