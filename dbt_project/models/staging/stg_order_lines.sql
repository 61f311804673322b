{% set key = ['account_id', 'order_line_id'] %}
{{ config(unique_key=key) }}

{% set columns = [
    'account_id', 'order_line_id', 'order_id',
    'sku',
    'quantity', 'unit_price', 'discount', 'refunded_amount',
] %}

{{ current_rows('order_lines', key, columns) }}
