-- Accounts whose business hours came, went or are others than in the build before (13.3).
{% if is_full_build() %}
{{ empty_set('changed_business_hours') }}
{% else %}
with differing as (
    (
        select * from {{ ref('int_business_hour_settings') }}
        except
        select * from {{ source('previous', 'int_business_hours') }}
    )
    union all
    (
        select * from {{ source('previous', 'int_business_hours') }}
        except
        select * from {{ ref('int_business_hour_settings') }}
    )
)

select distinct account_id from differing
{% endif %}
