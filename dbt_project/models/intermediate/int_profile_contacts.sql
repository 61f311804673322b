{{ config(meta={'changed_by': 'changed_profiles'}) }}

-- Email and phone of every profile, as they are compared (4.2); null where it has none.
with profiles as (
    {{ changed_rows(ref('stg_profiles'), 'changed_profiles') }}
)

select account_id, profile_id, {{ email_key('email') }} as email_key, {{ phone_key('phone') }} as phone_key
from profiles
