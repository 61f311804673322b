{{ config(unique_key=['account_id', 'product_id']) }}

{% set columns = [
    'account_id', 'product_id',
    'title', 'url',
] %}

{{ current_rows('products', columns) }}
