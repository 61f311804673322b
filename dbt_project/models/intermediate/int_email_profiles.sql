{{ config(meta={'changed_by': 'changed_emails'}) }}

-- The profile that an email names (4.2): of several the smallest id.
with emails as (
    select account_id, {{ email_key('email') }} as email_key, profile_id
    from {{ ref('stg_profiles') }}
)

select account_id, email_key, min(profile_id) as profile_id
from emails
where
    email_key is not null
    {{ only_changed('changed_emails', ['emails.account_id', 'emails.email_key']) }}
group by account_id, email_key
