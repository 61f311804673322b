-- Emails that may name another profile than in the build before (4.2): those of changed profiles, now and then.
{% if is_full_build() %}
{{ empty_set('changed_emails') }}
{% else %}
with emails as (
    select account_id, {{ email_key('email') }} as email_key
    from {{ ref('stg_profiles') }}
    where {{ is_new() }}
    union
    select account_id, {{ email_key('was_email') }} as email_key
    from {{ ref('stg_profiles') }}
    where {{ is_new() }}
)

select account_id, email_key
from emails
where email_key is not null
{% endif %}
