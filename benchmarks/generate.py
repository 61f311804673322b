"""Landing files of any size for measuring: a history of 24 months up to 2026-06-01, and small deliveries after it.

    python benchmarks/generate.py --out DIR --conversations 1000000
    python benchmarks/generate.py --out DIR --conversations 1000000 --delivery

Everything follows from row numbers and DuckDB's `hash`, so equal arguments give equal rows. Per conversation there are
about 10 messages, 2 interactions, half an order with a line each way, 0.15 hand-offs, 0.3 profiles.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

FACTS = json.loads(Path(__file__).with_name("facts.json").read_text("utf-8"))
DAYS = 730
END = "timestamp '2026-06-01'"
PRODUCTS = 500  # per account


@dataclass(frozen=True)
class Span:
    """The conversations `first` to `last` (excluded), and the new shoppers among them."""

    name: str
    first: int
    last: int
    first_shopper: int
    last_shopper: int
    shopper: str  # of conversation i
    created_at: str  # of conversation i
    until: str  # nothing is ordered later
    order_lead_hours: int  # orders that no click brought are up to so much older than the conversation
    stride: int = 1  # every how many-th conversation


def generate(folder: Path, conversations: int = 1_000_000, *, files: int = 10) -> None:
    """Write the history into `folder`: JSONL, CSV and Parquet, large tables as folders of several files."""
    span = _history(conversations)
    with _connect(folder) as connection:
        _write_catalogue(connection, folder)
        _write_span(connection, folder, span, files)


def delivery(folder: Path, history_conversations: int, conversations: int = 1000, number: int = 1) -> None:
    """Write what day `number` after the history brings: new rows, a few late ones, and new versions of older rows."""
    shoppers, new_shoppers = _shoppers(history_conversations), conversations // 3
    first = history_conversations + (number - 1) * conversations
    first_shopper = shoppers + (number - 1) * new_shoppers
    late = f"case when r(i, 4) % 20 = 0 then to_days((1 + r(i, 5) % 6)::int) else to_days({1 - number}) end"
    span = Span(
        f"delivery-{number}", first, first + conversations, first_shopper, first_shopper + new_shoppers,
        shopper=f"case when r(i, 6) % 2 = 0 then {first_shopper} + (i - {first}) // 3 % greatest({new_shoppers}, 1) "
        f"else r(i, 1) % {shoppers} end",
        created_at=f"{END} - {late} + to_seconds((36000 * (u(i, 2) + u(i, 3)))::bigint)",
        until=f"{END} + to_days({number})", order_lead_hours=20,
    )  # fmt: skip
    with _connect(folder) as connection:
        _write_span(connection, folder, span, files=1)
        _write_updates(connection, folder, _history(history_conversations), number)


def _history(conversations: int) -> Span:
    shoppers = _shoppers(conversations)
    day = f"{END} - to_days({DAYS} - (i * {DAYS} // {conversations})::int)"
    return Span(
        "history", 0, conversations, 0, shoppers,
        shopper=f"({shoppers} * pow(u(i, 1), 1.5))::bigint % {shoppers}",
        created_at=f"{day} + to_seconds((36000 * (u(i, 2) + u(i, 3)))::bigint)",
        until=END, order_lead_hours=24 * 60,
    )  # fmt: skip


def _shoppers(conversations: int) -> int:
    return max(conversations * 2 // 5, 1)


def _connect(folder: Path) -> duckdb.DuckDBPyConnection:
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(config={"memory_limit": "3GB", "threads": 2})
    connection.sql("set timezone = 'UTC'")
    for name in ("questions", "answers", "skills", "handoffs"):
        connection.sql(f"set variable {name} = {_literal(FACTS[name])}")
    names, currencies = (_literal([row[column] for row in FACTS["accounts"]]) for column in ("account_id", "currency"))
    connection.sql(f"""
        create macro r(i, salt) as (hash(i * 131 + salt) >> 20)::bigint;
        create macro u(i, salt) as r(i, salt) % 1000000 / 1e6;
        create macro account(shopper) as 1 + [0, 0, 0, 0, 1, 1, 1, 2, 2, 3][1 + r(shopper, 90) % 10];
        create macro account_id(a) as {names}[a];
        create macro currency(a) as {currencies}[a];
        create macro has_profile(shopper) as shopper % 4 < 3;
        create macro profile_id(shopper) as case when has_profile(shopper) then 'p' || shopper end;
        create macro product_id(a, x) as account_id(a) || '-' || x;
        create macro popular(i, salt) as ({PRODUCTS} * u(i, salt) * u(i, salt + 1))::bigint % {PRODUCTS};
        create macro stamp(moment) as strftime(moment, '%Y-%m-%dT%H:%M:%SZ');
    """)
    return connection


def _literal(value: Any) -> str:
    """Text, or lists of it, as SQL."""
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return "'" + str(value).replace("'", "''") + "'"


def _copy(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    target = str(path).replace("'", "''")
    formats = {".jsonl": "format json", ".csv": "format csv, header", ".parquet": "format parquet, compression zstd"}
    connection.sql(f"copy ({select}) to '{target}' ({formats[path.suffix]})")


def _write_catalogue(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """What does not grow: accounts, products, skills, articles."""
    lines = (json.dumps(account) + "\n" for account in FACTS["accounts"])
    (folder / "accounts.jsonl").write_text("".join(lines), "utf-8")
    accounts = f"range(1, {len(FACTS['accounts']) + 1}) a(a)"
    _copy(
        connection,
        "select account_id(a) as account_id, product_id(a, x) as product_id, 'Product ' || x as title, "
        f"'https://' || account_id(a) || '.example/p/' || x as url from {accounts}, range({PRODUCTS}) p(x)",
        folder / "products.csv",
    )
    _copy(
        connection,
        "select account_id(a) as account_id, skill, upper(skill[1]) || replace(skill[2:], '_', ' ') as label, "
        f"true as is_available from {accounts}, unnest(getvariable('skills')) s(skill)",
        folder / "skills.jsonl",
    )
    _copy(
        connection,
        "select account_id(a) as account_id, 'k' || x as article_id, getvariable('questions')[a][1 + x % 7] as title, "
        "getvariable('answers')[a][1 + x % 6] || ' ' || getvariable('answers')[a][1 + (x + 2) % 6] as body, "
        f"x % 10 > 0 as is_published from {accounts}, range(30) k(x)",
        folder / "articles.jsonl",
    )


CONVERSATIONS = """
    create or replace temp table conversation as
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
"""

CONVERSATION = """
    select account_id, conversation_id, channel, stamp(created) as created_at,
        case when channel = 'web_chat' then visitor end as visitor_id,
        case when r(i, 21) % 2 = 0 then profile end as profile_id,
        ['orders', 'shipping', 'returns', 'products', 'other', null][1 + r(i, 22) % 6] as tag,
        {closed} from conversation
"""

CLOSED = """
    case when ending < 4 then stamp(ended + interval 2 minute) end as closed_at,
    case when ending < 4 then ['visitor', 'visitor', 'agent', 'human'][1 + ending] end as closed_by
"""

MESSAGE = """
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
"""

INTERACTION = """
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
"""

HANDOFF = """
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
"""

ORDER = """
    select *, case when is_brought then least(created + to_seconds(1800 + r(o, 70) % 72000), {until} - interval 1 minute)
        else created - to_seconds(3600 + r(o, 71) % ({order_lead_hours} * 3600)) end as placed
    from (select *, i // 2 as o, r(i // 2, 72) % 5 = 0 as is_brought from conversation where i % 2 = r(i // 2, 73) % 2)
"""

ORDERS = """
    select account_id, 'o' || o as order_id, placed::timestamptz as placed_at, currency(a) as currency,
        case when r(o, 74) % 5 < 3 then profile end as profile_id, visitor as visitor_id,
        case when has_profile(shopper) and r(o, 75) % 2 = 0 then 'Shopper' || shopper || '@mail.example' end as email,
        {cancelled} from purchase
"""

LINES = """
    select account_id, 'o' || o || '-' || k as order_line_id, 'o' || o as order_id, product_id(a, x) as product_id,
        'sku-' || x as sku,
        1 + r(o * 4 + k, 80) % 3 as quantity,
        ((500 + x * 137 % 20000) / 100)::decimal(18, 4) as unit_price,
        (if(r(o, 81) % 5 = 0, 1, 0))::decimal(18, 4) as discount, {refunded}
    from (select *, if(k = 0 and is_brought, product, popular(o * 4 + k, 83)) as x
        from (select *, unnest(range(1 + r(o, 84) % 3)) as k from purchase))
"""


def _write_span(connection: duckdb.DuckDBPyConnection, folder: Path, span: Span, files: int) -> None:
    """Everything that shoppers did in a span; the files of a table follow each other in time."""
    connection.sql(CONVERSATIONS.format(**vars(span)))
    connection.sql(f"create or replace temp table purchase as {ORDER.format(**vars(span))}")
    shoppers = f"range({span.first_shopper}, {span.last_shopper}) s(s) where has_profile(s)"
    seen_at = f"stamp({END} - to_hours((r(s, 86) % {24 * DAYS})::int))"
    tables = {
        "profiles.csv": "select account_id(account(s)) as account_id, profile_id(s) as profile_id, "
        "case when s % 20 > 0 then 'shopper' || s || '@mail.example' end as email, "
        "case when s % 3 = 0 then '+1555' || lpad(s::varchar, 7, '0') end as phone, "
        "['Ana', 'Björn', 'Chloé', 'Dan', 'Eun-ji', null][1 + r(s, 87) % 6] as first_name, "
        f"['Silva', 'Müller', 'O''Neill', 'Sato', null][1 + r(s, 88) % 5] as last_name from {shoppers}",
        "visitors.csv": "select account_id(account(s)) as account_id, 'v' || s || '-' || unnest(range(1 + s % 2)) "
        f"as visitor_id, profile_id(s) as profile_id, {seen_at} as seen_at from {shoppers}",
        "conversations.jsonl": CONVERSATION.format(closed=CLOSED),
        "handoff_events.csv": HANDOFF,
        "tickets.csv": "select account_id, ['zendesk', 'gorgias', 'klaviyo_inbox'][1 + r(i, 61) % 3] as platform, "
        "'t' || i as ticket_id, conversation_id, if(i % 4 > 0, 'solved', 'open') as status, "
        "stamp(ended + to_seconds(60)) as created_at, stamp(ended + interval 3 hour) as first_human_reply_at, "
        "case when i % 4 > 0 then stamp(ended + interval 9 hour) end as solved_at, "
        "case when i % 8 = 1 then 'good' when i % 8 = 2 then 'bad' end as satisfaction "
        "from conversation where handoff < 2",
        "orders.parquet": ORDERS.format(
            cancelled="case when r(o, 76) % 50 = 0 then (placed + interval 1 hour)::timestamptz end as cancelled_at"
        ),
        "order_lines.parquet": LINES.format(
            refunded="(if(r(o, 82) % 25 = 0, 2, 0))::decimal(18, 4) as refunded_amount"
        ),
    }
    for file, select in tables.items():
        table, extension = file.split(".")
        _copy(connection, select, folder / table / f"{span.name}.{extension}")
    for number in range(files):
        size = span.last - span.first
        low, high = (span.first + size * n // files for n in (number, number + 1))
        part = f"i >= {low} and i < {high}"
        name = f"{span.name}-{number:02d}"
        _copy(connection, MESSAGE.format(part=part), folder / "messages" / f"{name}.jsonl")
        _copy(connection, INTERACTION.format(part=part), folder / "interactions" / f"{name}.csv")


def _write_updates(connection: duckdb.DuckDBPyConnection, folder: Path, history: Span, number: int) -> None:
    """New versions of about 150 older conversations and their first messages, and of half as many orders."""
    stride = max(history.last // 150, 1)
    span = replace(history, first=number % stride, stride=stride)
    connection.sql(CONVERSATIONS.format(**vars(span)))
    connection.sql(f"create or replace temp table purchase as {ORDER.format(**vars(span))}")
    updated = f"{END} + to_days({number}) - interval 1 hour"
    refunded = "1::decimal(18, 4) as refunded_amount"
    closed = "stamp(ended + interval 1 minute) as closed_at, 'agent' as closed_by"
    cancelled = "(placed + interval 2 hour)::timestamptz as cancelled_at"
    edited = f"select * replace (text || ' (edited)' as text) from ({MESSAGE.format(part=True)})"
    for file, select, updated_at in (
        ("conversations.jsonl", CONVERSATION.format(closed=closed), f"stamp({updated})"),
        ("messages.jsonl", f"{edited} where message_id like '%-0'", f"stamp({updated})"),
        ("orders.parquet", ORDERS.format(cancelled=cancelled), f"({updated})::timestamptz"),
        ("order_lines.parquet", LINES.format(refunded=refunded), f"({updated})::timestamptz"),
    ):
        table, extension = file.split(".")
        path = folder / table / f"updates-{number}.{extension}"
        _copy(connection, f"select *, {updated_at} as updated_at from ({select})", path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--conversations", type=int, default=1_000_000, help="size of the history")
    parser.add_argument(
        "--delivery", type=int, nargs="?", const=1, help="write only what day N (default 1) after the history brings"
    )
    options = parser.parse_args()
    if options.delivery is None:
        generate(options.out, options.conversations)
    else:
        delivery(options.out, options.conversations, number=options.delivery)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
