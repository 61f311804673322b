select
    products.account_id, products.product_id, products.title, products.url
from {{ ref('stg_products') }} as products
inner join {{ ref('int_accounts') }} as accounts
    on products.account_id = accounts.account_id
