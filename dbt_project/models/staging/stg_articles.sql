{% set key = ['account_id', 'article_id'] %}
{{ config(unique_key=key) }}

{% set columns = [
    'account_id', 'article_id',
    'title', 'body', 'url',
    'is_published',
] %}

{{ current_rows('articles', key, columns) }}
