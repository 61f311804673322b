{% set key = ['account_id', 'conversation_id'] %}
{{ config(unique_key=key, meta={'month_of': 'created_at'}) }}

{% set columns = [
    'account_id', 'conversation_id', 'visitor_id', 'profile_id', 'email',
    'channel', 'tag', 'agent', 'rating', 'closed_by', 'source_status',
    'created_at', 'closed_at',
] %}

{{ current_rows('conversations', key, columns) }}
