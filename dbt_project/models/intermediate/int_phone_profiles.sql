{{ config(meta={'changed_by': 'changed_phones'}) }}

-- The profile that a phone names (4.2): of several the smallest id.
with phones as (
    {{ changed_rows(ref('int_profile_contacts'), 'changed_phones') }}
)

select account_id, phone_key, min(profile_id) as profile_id
from phones
where phone_key is not null
group by account_id, phone_key
