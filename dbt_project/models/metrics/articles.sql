select
    articles.account_id, articles.article_id, articles.title, articles.url, articles.is_published
from {{ ref('stg_articles') }} as articles
inner join {{ ref('int_accounts') }} as accounts
    on articles.account_id = accounts.account_id
