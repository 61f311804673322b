{% set key = ['account_id', 'topic_id', 'decided_at'] %}
{{ config(unique_key=key) }}

{% set columns = ['account_id', 'topic_id', 'state', 'owner', 'note', 'decided_at'] %}

{{ current_rows('topic_decisions', key, columns) }}
