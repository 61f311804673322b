{% set key = ['account_id', 'message_id'] %}
{{ config(unique_key=key, meta={'month_of': 'sent_at'}) }}

{% set columns = [
    'account_id', 'message_id', 'conversation_id',
    'sender', 'text', 'skill', 'recommended_product_ids', 'article_ids',
    'sent_at',
] %}

{{ current_rows('messages', key, columns, remember=['conversation_id']) }}
