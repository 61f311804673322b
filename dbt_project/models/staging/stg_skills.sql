{% set key = ['account_id', 'skill'] %}
{{ config(unique_key=key) }}

{% set columns = [
    'account_id', 'skill',
    'label',
    'is_available',
] %}

{{ current_rows('skills', key, columns) }}
