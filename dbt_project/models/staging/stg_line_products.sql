{% set key = ['account_id', 'order_line_id'] %}
{{ config(unique_key=key) }}

-- The product of every order line by the newest version that names one (2.7): a later version may not know it any more.
{% set columns = [
    'account_id', 'order_line_id',
    'product_id',
] %}

{{ current_rows('order_lines', key, columns, condition='product_id is not null') }}
