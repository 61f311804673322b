{{ config(meta={'changed_by': 'changed_emails'}) }}

-- The profile that an email names (4.2): of several the smallest id.
with emails as (
    select account_id, {{ email_key('email') }} as email_key, profile_id
    from {{ ref('stg_profiles') }}
),

changed as (
    {{ changed_rows('emails', 'changed_emails') }}
)

select account_id, email_key, min(profile_id) as profile_id
from changed
where email_key is not null
group by account_id, email_key
