{{ config(meta={'changed_by': 'changed_emails'}) }}

-- The profile that an email names (4.2): of several the smallest id.
with emails as (
    {{ changed_rows(ref('int_profile_contacts'), 'changed_emails') }}
)

select account_id, email_key, min(profile_id) as profile_id
from emails
where email_key is not null
group by account_id, email_key
