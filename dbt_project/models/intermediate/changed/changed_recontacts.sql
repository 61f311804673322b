-- Conversations whose shopper may have come back otherwise than in the build before (13.4): changed ones, and those in whose span a
-- contact of the shopper came, went or moved. Of a shopper's contacts that did, the first and the last bound what is looked at.
{% if is_full_build() %}
{{ empty_set('changed_recontacts') }}
{% else %}
with conversations as (
    {{ changed_rows(ref('int_conversations'), 'changed_conversations') }}
),

tickets as (
    {{ changed_rows(ref('int_tickets'), 'changed_tickets') }}
),

contacts as (
    {{ contacts('conversations', 'tickets') }}
),

differing as (
    (
        select account_id, known_by, shopper, contact, contact_id, contacted_at from contacts
        except
        select account_id, known_by, shopper, contact, contact_id, contacted_at from {{ ref('changed_contacts_before') }}
    )
    union all
    (
        select account_id, known_by, shopper, contact, contact_id, contacted_at from {{ ref('changed_contacts_before') }}
        except
        select account_id, known_by, shopper, contact, contact_id, contacted_at from contacts
    )
),

shoppers as (
    select account_id, known_by, shopper, min(contacted_at) as first_at, max(contacted_at) as last_at
    from differing
    group by account_id, known_by, shopper
)

select account_id, conversation_id
from {{ ref('changed_conversations') }}
union
select spans.account_id, spans.conversation_id
from {{ ref('int_recontact_spans') }} as spans
inner join shoppers
    on
        spans.account_id = shoppers.account_id
        and spans.known_by = shoppers.known_by
        and spans.shopper = shoppers.shopper
where spans.begins_after < shoppers.last_at and spans.ends_at >= shoppers.first_at
{% endif %}
