{% set key = ['account_id', 'profile_id'] %}
{{ config(unique_key=key) }}

{% set columns = [
    'account_id', 'profile_id',
    'email', 'phone', 'first_name', 'last_name',
    'can_receive_email', 'can_receive_sms', 'can_receive_whatsapp',
] %}

{{ current_rows('profiles', key, columns, remember=['email', 'phone']) }}
