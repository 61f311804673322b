{{ config(materialized='table', tags=['topics']) }}

-- Whether marketing may reach a known shopper, and if not, why (12.3): what the source says counts, never what we think.
with profiles as (
    select
        account_id, profile_id, email, phone,
        can_receive_email, can_receive_sms, can_receive_whatsapp
    from {{ ref('stg_profiles') }}
)

select
    account_id, profile_id,
    {{ reach('email', 'can_receive_email') }} as email_reach,
    {{ reach('phone', 'can_receive_sms') }} as sms_reach,
    {{ reach('phone', 'can_receive_whatsapp') }} as whatsapp_reach
from profiles
