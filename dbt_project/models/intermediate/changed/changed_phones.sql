-- Phones that may name another profile than in the build before (4.2): those of changed profiles, now and then.
{% if is_full_build() %}
{{ empty_set('changed_phones') }}
{% else %}
with phones as (
    select account_id, {{ phone_key('phone') }} as phone_key
    from {{ ref('stg_profiles') }}
    where {{ is_new() }}
    union
    select account_id, {{ phone_key('was_phone') }} as phone_key
    from {{ ref('stg_profiles') }}
    where {{ is_new() }}
)

select account_id, phone_key
from phones
where phone_key is not null
{% endif %}
