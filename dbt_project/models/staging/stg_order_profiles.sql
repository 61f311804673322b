{% set key = ['account_id', 'order_id'] %}
{{ config(unique_key=key) }}

{% set columns = [
    'account_id', 'order_id', 'profile_id',
] %}

{{ current_rows('order_profiles', key, columns) }}
