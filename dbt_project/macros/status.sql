{#- Steps of these types hand a conversation over (3.4). -#}
{% macro handoff_types() -%} ('accepted', 'ticket_created', 'message_sent', 'human_joined') {%- endmacro %}

{#- The hand-off is near enough to a ticket to have led to it (4.4): some minutes after it are for clocks that differ. -#}
{% macro is_handed_off_near(handed_off_at, ticketed_at) -%}
    {{ handed_off_at }} >= {{ ticketed_at }} - interval '24' hour and {{ handed_off_at }} <= {{ ticketed_at }} + interval '5' minute
{%- endmacro %}

{#- A conversation of this status was handed off (8.2). -#}
{% macro is_handed_off(status) -%} {{ status }} in ('routed', 'closed') {%- endmacro %}

{#- The agent showed its hand-off message and the shopper neither accepted nor declined (13.2): who the shopper is made no difference. -#}
{% macro is_only_a_message(rows) -%} ({{ rows }}.last_word is null and {{ rows }}.is_message_sent) {%- endmacro %}
