{{ config(materialized='table') }}

-- Order rows in another currency than their account's, compared afresh in every run (2.2).
select
    orders.account_id, orders.order_id, orders.payload_key, orders.payload, orders.source, orders.loaded_at, orders._load,
    concat('currency: ', orders.currency, ' is not the account''s currency ', accounts.currency) as reason
from {{ ref('stg_orders') }} as orders
inner join {{ ref('int_accounts') }} as accounts
    on orders.account_id = accounts.account_id
where orders.currency <> accounts.currency
