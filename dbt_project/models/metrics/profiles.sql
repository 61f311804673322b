with profiles as (
    {{ changed_rows(ref('stg_profiles'), 'changed_profiles') }}
)

select
    profiles.account_id, profiles.profile_id,
    {{ full_name('profiles.first_name', 'profiles.last_name') }} as name,
    profiles.email, profiles.phone
from profiles
inner join {{ ref('int_accounts') }} as accounts
    on profiles.account_id = accounts.account_id
