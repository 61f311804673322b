{{ config(unique_key=['account_id', 'visitor_id', 'profile_id']) }}

{% set columns = [
    'account_id', 'visitor_id', 'profile_id',
    'seen_at',
] %}

{{ current_rows('visitors', columns) }}
