{% set key = ['account_id', 'visitor_id', 'profile_id'] %}
{{ config(unique_key=key, meta={'month_of': 'seen_at'}) }}

{% set columns = [
    'account_id', 'visitor_id', 'profile_id',
    'seen_at',
] %}

{{ current_rows('visitors', key, columns) }}
