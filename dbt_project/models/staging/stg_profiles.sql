{{ config(unique_key=['account_id', 'profile_id']) }}

{% set columns = [
    'account_id', 'profile_id',
    'email', 'phone', 'first_name', 'last_name',
] %}

{{ current_rows('profiles', columns, remember=['email']) }}
