{{ config(unique_key=['account_id', 'interaction_id']) }}

{% set columns = [
    'account_id', 'interaction_id', 'conversation_id', 'message_id', 'product_id', 'visitor_id', 'profile_id',
    'type', 'url',
    'quantity',
    'occurred_at',
] %}

{{ current_rows('interactions', columns, remember=['conversation_id']) }}
