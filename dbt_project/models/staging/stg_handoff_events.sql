{% set key = ['account_id', 'handoff_event_id'] %}
{{ config(unique_key=key, meta={'month_of': 'occurred_at'}) }}

{% set columns = [
    'account_id', 'handoff_event_id', 'conversation_id', 'ticket_id',
    'type', 'reason', 'platform', 'email',
    'occurred_at',
] %}

{{ current_rows('handoff_events', key, columns, remember=['conversation_id']) }}
