{{ config(unique_key=['account_id', 'skill']) }}

{% set columns = [
    'account_id', 'skill',
    'label',
    'is_available',
] %}

{{ current_rows('skills', columns) }}
