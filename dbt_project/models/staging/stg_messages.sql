{{ config(unique_key=['account_id', 'message_id']) }}

{% set columns = [
    'account_id', 'message_id', 'conversation_id',
    'sender', 'text', 'skill', 'recommended_product_ids',
    'sent_at',
] %}

{{ current_rows('messages', columns, remember=['conversation_id']) }}
