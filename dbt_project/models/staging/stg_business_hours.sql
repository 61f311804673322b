{% set key = ['account_id'] %}
{{ config(unique_key=key) }}

{% set columns = ['account_id', 'timezone', 'weekly', 'overrides'] %}

{{ current_rows('business_hours', key, columns) }}
