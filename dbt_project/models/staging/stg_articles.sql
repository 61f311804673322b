{{ config(unique_key=['account_id', 'article_id']) }}

{% set columns = [
    'account_id', 'article_id',
    'title', 'body', 'url',
    'is_published',
] %}

{{ current_rows('articles', columns) }}
