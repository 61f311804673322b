{{ config(meta={'changed_by': 'changed_threads'}) }}

-- Whose conversation it is (4.2): its own profile, else its visitor's, else that of the last email the shopper gave,
-- or of its own email where none was given.
with steps as (
    {{ changed_rows(ref('stg_handoff_events'), 'changed_threads') }}
),

conversations as (
    {{ changed_rows(ref('int_started_conversations'), 'changed_threads') }}
),

given_emails as (
    select
        account_id, conversation_id, email, {{ email_key('email') }} as email_key,
        row_number() over (
            partition by account_id, conversation_id
            order by occurred_at desc, handoff_event_id desc
        ) as given_rank
    from steps
    where
        type = 'email_provided'
        and {{ email_key('email') }} is not null
        and occurred_at <= {{ as_of() }}
)

select
    conversations.account_id, conversations.conversation_id,
    coalesce(conversations.profile_id, visitors.profile_id, emails.profile_id) as profile_id,
    given_emails.email as given_email
from conversations
left join {{ ref('int_visitor_profiles') }} as visitors
    on
        conversations.account_id = visitors.account_id
        and conversations.visitor_id = visitors.visitor_id
left join given_emails
    on
        conversations.account_id = given_emails.account_id
        and conversations.conversation_id = given_emails.conversation_id
        and given_emails.given_rank = 1
left join {{ ref('int_email_profiles') }} as emails
    on
        conversations.account_id = emails.account_id
        and coalesce(given_emails.email_key, {{ email_key('conversations.email') }}) = emails.email_key
