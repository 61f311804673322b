-- What a row of each table is made of: generate.py fills in the names in braces. `i` numbers conversations, `k` messages and
-- lines, `j` interactions, `o` orders, `s` shoppers, `a` accounts, `x` products; the second argument of r() and u() only tells draws apart.

--- products
select account_id(a) as account_id, product_id(a, x) as product_id, 'Product ' || x as title,
    'https://' || account_id(a) || '.example/p/' || x as url
from range(1, {accounts} + 1) a(a), range({products}) p(x)

--- skills
select account_id(a) as account_id, skill, upper(skill[1]) || replace(skill[2:], '_', ' ') as label, true as is_available
from range(1, {accounts} + 1) a(a), unnest(getvariable('skills')) s(skill)

--- articles
select account_id(a) as account_id, 'k' || x as article_id, getvariable('questions')[a][1 + x % 7] as title,
    getvariable('answers')[a][1 + x % 6] || ' ' || getvariable('answers')[a][1 + (x + 2) % 6] as body,
    x % 10 > 0 as is_published
from range(1, {accounts} + 1) a(a), range(30) k(x)

--- profiles
select account_id(account(s)) as account_id, profile_id(s) as profile_id,
    case when s % 20 > 0 then 'shopper' || s || '@mail.example' end as email,
    case when s % 3 = 0 then '+1555' || lpad(s::varchar, 7, '0') end as phone,
    ['Ana', 'Björn', 'Chloé', 'Dan', 'Eun-ji', null][1 + r(s, 87) % 6] as first_name,
    ['Silva', 'Müller', 'O''Neill', 'Sato', null][1 + r(s, 88) % 5] as last_name
from range({first_shopper}, {last_shopper}) s(s) where has_profile(s)

--- visitors
select account_id(account(s)) as account_id, 'v' || s || '-' || unnest(range(1 + s % 2)) as visitor_id,
    profile_id(s) as profile_id, stamp(timestamp '2026-06-01' - to_hours((r(s, 86) % (24 * 730))::int)) as seen_at
from range({first_shopper}, {last_shopper}) s(s) where has_profile(s)

--- conversation
select *, profile_id(shopper) as profile, 'v' || shopper || '-' || (i % 2) as visitor,
    created + to_seconds(step * (messages - 1)) as ended
from (
    select *, account(shopper) as a, account_id(account(shopper)) as account_id, 'c' || i as conversation_id,
        ['web_chat', 'web_chat', 'web_chat', 'sms', 'email', 'whatsapp'][1 + r(i, 10) % 6] as channel,
        4 + 2 * (r(i, 11) % 7) + (r(i, 12) % 10 = 0)::int as messages,
        (20 + r(i, 13) % 60) * case when r(i, 10) % 6 = 4 then 10 else 1 end as step,
        r(i, 14) % 20 as ending, popular(i, 15) as product, popular(i, 17) as other_product,
        case when r(i, 19) % 100 < 15 then r(i, 20) % 6 end as handoff
    from (select i, {shopper} as shopper, {created_at} as created from range({first}, {last}, {stride}) c(i))
)

--- conversations
select account_id, conversation_id, channel, stamp(created) as created_at,
    case when channel = 'web_chat' then visitor end as visitor_id,
    case when r(i, 21) % 2 = 0 then profile end as profile_id,
    ['orders', 'shipping', 'returns', 'products', 'other', null][1 + r(i, 22) % 6] as tag,
    {closed_at} as closed_at, {closed_by} as closed_by
from conversation

--- messages
select account_id, 'm' || i || '-' || k as message_id, conversation_id, sender,
    stamp(created + to_seconds(step * k)) as sent_at,
    case when sender = 'visitor'
        then concat_ws(' ', q[1 + r(m, 31) % 10], case when r(m, 32) % 2 = 0 then q[1 + r(m, 33) % 10] end,
            case when r(m, 34) % 3 = 0 then q[1 + r(m, 35) % 10] || ' #' || r(m, 36) % 1000000 end)
        else concat_ws(' ', s[1 + r(m, 31) % 6], s[1 + r(m, 32) % 6],
            case when r(m, 33) % 3 = 0 then s[1 + r(m, 34) % 6] || ' #' || r(m, 35) % 1000000 end)
    end as text,
    case when sender = 'agent' and r(m, 37) % 5 > 0
        then getvariable('skills')[1 + (12 * u(m, 38) * u(m, 39))::bigint % 10] end as skill,
    case when k = 1 and sender = 'agent' and i % 5 < 3
        then [product_id(a, product), product_id(a, other_product)] end as recommended_product_ids
from (
    select *, i * 20 + k as m, getvariable('questions')[1 + shopper % 4] as q,
        getvariable('answers')[1 + shopper % 4] as s,
        case when k = 2 and r(i, 40) % 50 = 0 then 'system' when k % 2 = 0 then 'visitor'
            when handoff = 2 and k > 2 and k >= messages - 3 then 'human' else 'agent' end as sender
    from (select *, unnest(range(messages)) as k from conversation where {part})
)

--- interactions
select account_id, 'i' || i || '-' || j as interaction_id, conversation_id, 'm' || i || '-1' as message_id, type,
    stamp(created + to_seconds(step + 10 + 30 * j + r(i, 50) % 600)) as occurred_at,
    case when type = 'message_opened' then null when type = 'link_click' and channel <> 'sms' then null
        else product_id(a, if(j = 3, other_product, product)) end as product_id,
    case when type = 'link_click' then 'https://' || account_id || '.example/help/' || r(i, 51) % 30 end as url,
    1 + r(i, 52) % 2 as quantity, case when channel = 'web_chat' then visitor end as visitor_id,
    case when r(i, 53) % 2 = 0 then profile end as profile_id
from (
    select *, case when channel = 'sms' then ['message_opened', 'link_click', 'add_to_cart', 'product_card_click']
        else ['product_card_click', 'link_click', 'add_to_cart', 'product_card_click'] end[1 + j] as type
    from (select *, unnest(range(r(i, 54) % 5)) as j from conversation where {part})
)

--- handoff_events
select account_id, 'h' || i || '-' || k as handoff_event_id, conversation_id, type,
    stamp(ended + to_seconds(20 * k)) as occurred_at,
    case when type <> 'email_provided' then ['knowledge_gap', 'shopper_request', 'complaint'][1 + r(i, 60) % 3] end
        as reason,
    case when type = 'ticket_created' then platform end as platform,
    case when type = 'ticket_created' then 't' || i end as ticket_id,
    case when type = 'email_provided' then 'shopper' || shopper || '@mail.example' end as email
from (
    select *, ['zendesk', 'gorgias', 'klaviyo_inbox'][1 + r(i, 61) % 3] as platform,
        unnest(steps) as type, generate_subscripts(steps, 1) as k
    from (select *, getvariable('handoffs')[1 + handoff] as steps from conversation where handoff is not null)
)

--- tickets
select account_id, ['zendesk', 'gorgias', 'klaviyo_inbox'][1 + r(i, 61) % 3] as platform, 't' || i as ticket_id,
    conversation_id, if(i % 4 > 0, 'solved', 'open') as status, stamp(ended + to_seconds(60)) as created_at,
    stamp(ended + interval 3 hour) as first_human_reply_at,
    case when i % 4 > 0 then stamp(ended + interval 9 hour) end as solved_at,
    case when i % 8 = 1 then 'good' when i % 8 = 2 then 'bad' end as satisfaction
from conversation where handoff < 2

--- purchase
select *, case when is_brought
        then least(created + to_seconds(1800 + r(o, 70) % 72000), {until} - interval 1 minute)
    else created - to_seconds(3600 + r(o, 71) % ({order_lead_hours} * 3600)) end as placed
from (select *, i // 2 as o, r(i // 2, 72) % 5 = 0 as is_brought from conversation where i % 2 = r(i // 2, 73) % 2)

--- orders
select account_id, 'o' || o as order_id, placed::timestamptz as placed_at, currency(a) as currency,
    case when r(o, 74) % 5 < 3 then profile end as profile_id, visitor as visitor_id,
    case when has_profile(shopper) and r(o, 75) % 2 = 0 then 'Shopper' || shopper || '@mail.example' end as email,
    {cancelled_at} as cancelled_at
from purchase

--- order_lines
select account_id, 'o' || o || '-' || k as order_line_id, 'o' || o as order_id, product_id(a, x) as product_id,
    'sku-' || x as sku,
    1 + r(o * 4 + k, 80) % 3 as quantity,
    ((500 + x * 137 % 20000) / 100)::decimal(18, 4) as unit_price,
    (if(r(o, 81) % 5 = 0, 1, 0))::decimal(18, 4) as discount, ({refunded_amount})::decimal(18, 4) as refunded_amount
from (select *, if(k = 0 and is_brought, product, popular(o * 4 + k, 83)) as x
    from (select *, unnest(range(1 + r(o, 84) % 3)) as k from purchase))
