{{ config(unique_key=['account_id', 'platform', 'ticket_id']) }}

{% set columns = [
    'account_id', 'platform', 'ticket_id', 'conversation_id',
    'status', 'satisfaction',
    'created_at', 'first_human_reply_at', 'solved_at',
] %}

{{ current_rows('tickets', columns) }}
