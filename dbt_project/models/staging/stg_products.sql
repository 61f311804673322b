{% set key = ['account_id', 'product_id'] %}
{{ config(unique_key=key) }}

{% set columns = [
    'account_id', 'product_id',
    'title', 'url',
] %}

{{ current_rows('products', key, columns) }}
