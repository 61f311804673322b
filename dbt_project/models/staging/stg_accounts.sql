{% set key = ['account_id'] %}
{{ config(unique_key=key) }}

{% set columns = [
    'account_id',
    'name', 'timezone', 'currency',
    'auto_close_hours', 'web_chat_click_window_hours', 'sms_click_window_hours', 'sms_open_window_hours', 'sms_delivery_window_hours',
    'inferred_touch_minutes', 'inferred_window_hours', 'follow_up_hours', 'recontact_days',
] %}

{{ current_rows('accounts', key, columns) }}
