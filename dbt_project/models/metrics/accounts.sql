select account_id, name, timezone, currency
from {{ ref('int_accounts') }}
