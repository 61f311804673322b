{{ config(meta={'month_of': 'created_on'}) }}

-- The tickets that count, with the conversations that they came out of (4.4).
-- depends_on: {{ ref('changed_shoppers_before') }}
with tickets as (
    {{ changed_rows(ref('int_tickets'), 'changed_tickets') }}
)

select
    account_id, platform, ticket_id, conversation_id, matched_by, profile_id,
    status, created_at, created_on, first_human_reply_at, solved_at, satisfaction, reopen_count
from tickets
