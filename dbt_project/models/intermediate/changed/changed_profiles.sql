-- Profiles that are new or differ from the build before, and all profiles of changed accounts.
{% if is_full_build() %}
{{ empty_set('changed_profiles') }}
{% else %}
select account_id, profile_id
from {{ ref('stg_profiles') }} as profiles
where
    {{ is_new() }}
    or {{ is_in('changed_accounts', ['profiles.account_id']) }}
{% endif %}
