{{ config(unique_key=['account_id', 'handoff_event_id']) }}

{% set columns = [
    'account_id', 'handoff_event_id', 'conversation_id', 'ticket_id',
    'type', 'reason', 'platform', 'email',
    'occurred_at',
] %}

{{ current_rows('handoff_events', columns, remember=['conversation_id']) }}
