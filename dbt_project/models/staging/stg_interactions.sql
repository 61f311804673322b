{% set key = ['account_id', 'interaction_id'] %}
{{ config(unique_key=key, meta={'month_of': 'occurred_at'}) }}

{% set columns = [
    'account_id', 'interaction_id', 'conversation_id', 'message_id', 'product_id', 'visitor_id', 'profile_id',
    'type', 'url',
    'quantity',
    'occurred_at',
] %}

{{ current_rows('interactions', key, columns, remember=['conversation_id']) }}
