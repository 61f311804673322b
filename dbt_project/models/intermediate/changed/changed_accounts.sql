-- Accounts that came, went or have other settings than in the build before: all of their history is derived anew (2.4).
{% if is_full_build() %}
{{ empty_set('changed_accounts') }}
{% else %}
with differing as (
    (
        select * from {{ ref('int_account_settings') }}
        except
        select * from {{ source('previous', 'int_accounts') }}
    )
    union all
    (
        select * from {{ source('previous', 'int_accounts') }}
        except
        select * from {{ ref('int_account_settings') }}
    )
)

select distinct account_id from differing
{% endif %}
