{% set key = ['account_id', 'product_event_id'] %}
{{ config(unique_key=key, meta={'month_of': 'occurred_at'}) }}

{% set columns = [
    'account_id', 'product_event_id', 'type', 'occurred_at', 'product_id',
    'profile_id', 'visitor_id',
] %}

{{ current_rows('product_events', key, columns) }}
