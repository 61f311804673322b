{% set key = ['account_id', 'platform', 'ticket_id'] %}
{{ config(unique_key=key, meta={'month_of': 'created_at'}) }}

{% set columns = [
    'account_id', 'platform', 'ticket_id', 'conversation_id', 'profile_id',
    'email', 'status', 'satisfaction', 'reopen_count',
    'created_at', 'first_human_reply_at', 'solved_at',
] %}

{{ current_rows('tickets', key, columns) }}
