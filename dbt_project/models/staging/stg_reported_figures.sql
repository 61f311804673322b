{% set key = ['account_id', 'figure_id'] %}
{{ config(unique_key=key) }}

{% set columns = [
    'account_id', 'figure_id', 'source', 'statistic',
    'starts_at', 'ends_at', 'channel', 'status', 'skill', 'tool', 'value', 'reported_at',
] %}

{{ current_rows('reported_figures', key, columns) }}
