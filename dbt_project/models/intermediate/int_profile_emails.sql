{{ config(meta={'changed_by': 'changed_profiles'}) }}

-- The email of every profile, as emails are compared (4.2); null where it has none.
with profiles as (
    {{ changed_rows(ref('stg_profiles'), 'changed_profiles') }}
)

select account_id, profile_id, {{ email_key('email') }} as email_key
from profiles
