{% set key = ['account_id', 'count_id'] %}
{{ config(unique_key=key) }}

{% set columns = [
    'account_id', 'count_id', 'source', 'thing', 'conversation_id',
    'starts_at', 'ends_at', 'value', 'counted_at',
] %}

{{ current_rows('source_counts', key, columns, remember=['conversation_id']) }}
