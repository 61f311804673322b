"""The tables of a full build (docs/definitions.md, chapters 1 to 7) in pandas: what a notebook would take for them.

    python benchmarks/yardsticks/with_pandas.py --home HOME --as-of 2026-06-01T00:00:00Z --out FOLDER

Writes a Parquet file for each table and prints one JSON document: seconds (without Python's own start), peak MiB.
Conversations have a number `c` by which everything is grouped. Amounts are 64-bit integers of ten-thousandths in
between, so they are right to the cent, and decimal(18,4) in the files. Left out: the accounts of the settings file,
rows that wait (2.3), incremental builds, and sums that no 64-bit integer holds.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from hashlib import md5
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from frames import UTC, VERSION, C, Lake, email_key, escaped, local_date, newest, text, unless_blank, write
from threads import judged, shoppers, threads


def order_lines(
    lake: Lake, accepted: pd.DataFrame, emails: pd.DataFrame, visitors: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Lines of the orders that count, whose they are (4.2) and what they brought (5.4)."""
    orders = newest(accepted, ["account_id", "order_id"])
    orders = orders[orders.placed_at <= as_of].assign(email_key=lambda rows: email_key(rows.email))
    orders = orders.merge(emails, "left", ["account_id", "email_key"])
    orders = orders.merge(visitors, "left", ["account_id", "visitor_id"])
    orders["profile_id"] = orders.profile_id.fillna(orders.email_profile_id).fillna(orders.visitor_profile_id)
    columns = ["account_id", "order_id", "placed_at", "currency", "profile_id", "visitor_id", "cancelled_at"]
    lines = lake.newest("order_lines").merge(orders[columns], on=["account_id", "order_id"])
    whole = (lines.quantity * lines.unit_price + 5_000) // 10_000  # both in ten-thousandths
    lines["revenue"] = (whole - lines.discount).clip(lower=0)
    net_revenue = (lines.revenue - lines.refunded_amount).clip(lower=0)
    lines["net_revenue"] = net_revenue.mask(lines.cancelled_at <= as_of, 0)
    return lines


def touches(
    messages: pd.DataFrame, interactions: pd.DataFrame, context: pd.DataFrame, accounts: pd.DataFrame
) -> pd.DataFrame:
    """What joins a conversation and a product at an instant, and until when (5.1); `rank` orders their kinds."""
    sms = context[context.channel == "sms"]
    shown = messages[(messages.sender == "agent") & messages.recommended_product_ids.notna()]
    shown = shown[["c", "message_id", "sent_at", "recommended_product_ids"]].merge(sms, on="c")
    shown = shown.explode("recommended_product_ids").rename(columns={"recommended_product_ids": "product_id"})
    shown["product_id"] = shown.product_id.astype("str")
    shown = shown.drop_duplicates(["c", "message_id", "product_id"])
    card, link = interactions.type == "product_card_click", interactions.type == "link_click"
    on_sms, on_web = interactions.channel == "sms", interactions.channel == "web_chat"
    clicks = interactions[(card & (on_web | on_sms) | link & on_sms) & interactions.product_id.notna()]
    opened = interactions[interactions.type == "message_opened"].drop(columns="product_id")
    opened = opened.merge(shown[["c", "message_id", "product_id"]], on=["c", "message_id"])
    by_message = {"message_id": "touch_id", "sent_at": "touched_at"}
    by_interaction = {"interaction_id": "touch_id", "occurred_at": "touched_at"}
    columns = ["account_id", "conversation_id", "c", "channel", "product_id", "profile_id", "visitor_id"]
    kinds = [("click", clicks, by_interaction), ("open", opened, by_interaction), ("delivery", shown, by_message)]
    found = pd.concat(
        rows[[*columns, *names]].rename(columns=names).assign(touch_type=kind, rank=rank)
        for rank, (kind, rows, names) in enumerate(kinds)
    ).merge(accounts[["account_id", *(c for c in accounts if c.endswith("_window_hours"))]], on="account_id")
    sms_hours = np.choose(found["rank"], [found[f"sms_{kind}_window_hours"] for kind in ("click", "open", "delivery")])
    hours = found.web_chat_click_window_hours.where(found.channel == "web_chat", sms_hours)
    found["expires_at"] = found.touched_at + pd.to_timedelta(hours, unit="h")
    return found[hours > 0][[*columns, "touch_type", "rank", "touch_id", "touched_at", "expires_at"]]


def attributed(lines: pd.DataFrame, touched: pd.DataFrame) -> pd.DataFrame:
    """Each line with the last touch that reaches it (4.3, 5.2, 5.3)."""
    pairs = []
    for shopper in ("profile_id", "visitor_id"):
        key = ["account_id", "product_id", shopper]
        pair = lines[lines[shopper].notna()].merge(
            touched[touched[shopper].notna()], on=key, suffixes=("", "_touching")
        )
        if shopper == "visitor_id":
            pair = pair[pair.profile_id.isna() | pair.profile_id_touching.isna()]
            pair["profile_id"] = pair.profile_id.fillna(pair.profile_id_touching)
        pairs.append(pair[(pair.placed_at >= pair.touched_at) & (pair.placed_at <= pair.expires_at)])
    order = ["touched_at", "rank", "touch_id"]
    best = pd.concat(pairs).sort_values(order, ascending=[False, True, True])
    return best.drop_duplicates(["account_id", "order_line_id"])


def agent_events(conversations: pd.DataFrame, messages: pd.DataFrame) -> pd.DataFrame:
    """The four events (7)."""
    names = {
        "conversation_started": "Started conversation with Customer Agent",
        "conversation_resolved": "Conversation with Customer Agent resolved",
        "conversation_escalated": "Conversation with Customer Agent escalated",
        "product_recommended": "Received product recommendation from Customer Agent",
    }
    recommended = messages[(messages.sender == "agent") & messages.recommended_product_ids.notna()]
    recommended = recommended[["c", "message_id", "sent_at", "recommended_product_ids"]]
    of_all = ["c", *C, "profile_id", "channel"]
    resolved, routed = (conversations[conversations.status == status] for status in ("resolved", "routed"))
    kinds = [
        conversations[[*of_all, "initial_skill"]].assign(occurred_at=conversations.started_at),
        resolved[[*of_all, "final_skill", "tag"]].assign(occurred_at=resolved.closed_at),
        routed[[*of_all, "tag", "escalation_reason"]].assign(occurred_at=routed.routed_at),
        conversations[of_all]
        .merge(recommended, on="c")
        .rename(columns={"sent_at": "occurred_at", "recommended_product_ids": "product_ids"}),
    ]
    events = pd.concat(rows.assign(event=event) for event, rows in zip(names, kinds, strict=True))
    event_id = events.event + "/" + escaped(events.account_id) + "/" + escaped(events.conversation_id)
    suffix = ("/" + escaped(events.message_id)).fillna("")
    return events.assign(event_id=event_id + suffix, event_name=events.event.map(names))


def daily_performance(
    conversations: pd.DataFrame, clicks: pd.DataFrame, carts: pd.DataFrame, sold: pd.DataFrame
) -> pd.DataFrame:
    """What happened on each date (6.1, 6.3)."""
    sums = ["conversations", "link_clicks", "add_to_cart_items", "attributed_revenue", "net_attributed_revenue"]
    nothing = dict.fromkeys(sums, 0)
    happened = [
        conversations[["c"]].assign(**nothing | {"date": conversations.started_on, "conversations": 1}),
        clicks[["c", "date"]].assign(**nothing | {"link_clicks": 1}),
        carts[["c", "date"]].assign(**nothing | {"add_to_cart_items": carts.quantity}),
        sold[["c", "order_id"]].assign(
            **nothing
            | {"date": sold.placed_on, "attributed_revenue": sold.revenue, "net_attributed_revenue": sold.net_revenue}
        ),
    ]
    under = conversations[["c", "account_id", "channel", "status", "tag"]].fillna({"tag": ""})
    rows = pd.concat(happened).merge(under, on="c")
    days = rows.groupby(["account_id", "date", "channel", "status", "tag"])
    return days[sums].sum().assign(attributed_orders=days.order_id.nunique()).reset_index()


def skill_usage(lake: Lake, used: pd.DataFrame, accounts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """By day, and every skill that is available or was used (6.4)."""
    counts = {"messages": ("c", "size"), "conversations": ("c", "nunique")}
    daily = used.groupby(["account_id", "date", "channel", "skill"]).agg(**counts).reset_index()
    ever = used.groupby(["account_id", "skill"]).agg(**counts).reset_index()
    listed = lake.newest("skills")
    skills = listed[listed.account_id.isin(accounts.account_id)].merge(ever, "outer", ["account_id", "skill"])
    skills["label"] = skills.label.fillna(skills.skill)
    skills["is_available"] = skills.is_available.eq(True)
    skills = skills[skills.is_available | skills.messages.notna()]
    return daily, skills.fillna({"messages": 0, "conversations": 0})


def rejected_rows(lake: Lake, refused_orders: pd.DataFrame) -> pd.DataFrame:
    """What was refused, once (2.2); the few ids are made row by row."""
    columns = VERSION | {"_source": pa.string(), "_refused": pa.string(), "_payload": pa.string(), "_loaded_at": UTC}
    refused = [lake.read(table, columns, refused=True).assign(table=table) for table in lake.files]
    accounts = refused_orders.currency_of_account
    reason = "currency: " + refused_orders.currency + " is not the account's currency " + accounts
    rows = pd.concat([*refused, refused_orders.assign(table="orders", _refused=reason)])
    rows = rows.rename(columns={"_source": "source", "_refused": "reason", "_payload": "payload"})
    rows = rows.rename(columns={"_loaded_at": "rejected_at"}).sort_values(["_load", "_file", "_position"])
    rows = rows.drop_duplicates(["source", "table", "payload"])
    ids = [md5("/".join(row).encode()).hexdigest() for row in zip(rows.source, rows.table, rows.payload, strict=True)]
    return rows.assign(rejected_row_id=text(ids, rows.index))


def build(lake: Lake, as_of: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Every published table."""
    accounts = lake.newest("accounts")
    products, articles = (lake.newest(table) for table in ("products", "articles"))
    profiles, emails, visitors = shoppers(lake, accounts, as_of)
    messages, conversations = threads(lake, accounts, as_of)
    steps = lake.newest("handoff_events")
    steps = steps[steps.occurred_at <= as_of].merge(conversations[C].reset_index(), on=C)
    steps = steps.sort_values(["c", "occurred_at", "handoff_event_id"])
    conversations = judged(conversations, steps, as_of).reset_index()

    conversations = conversations.merge(visitors, "left", ["account_id", "visitor_id"])  # 4.2
    conversations = conversations.merge(emails, "left", ["account_id", "email_key"])
    owners = conversations.profile_id.fillna(conversations.visitor_profile_id).fillna(conversations.email_profile_id)
    conversations["profile_id"] = owners
    context = conversations[["c", *C, "channel", "timezone", "profile_id", "visitor_id"]]
    interactions = lake.newest("interactions")
    interactions = interactions[interactions.occurred_at <= as_of].merge(context, on=C, suffixes=("", "_of_thread"))
    interactions = interactions.merge(visitors, "left", ["account_id", "visitor_id"])
    owners = interactions.profile_id.fillna(interactions.visitor_profile_id).fillna(interactions.profile_id_of_thread)
    interactions["profile_id"] = owners
    interactions["visitor_id"] = interactions.visitor_id.fillna(interactions.visitor_id_of_thread)  # 4.3
    interactions["date"] = local_date(interactions.occurred_at, interactions.timezone)

    placed = lake.read("orders", VERSION | {"_source": pa.string(), "_payload": pa.string(), "_loaded_at": UTC})
    placed = placed.merge(accounts[["account_id", "currency"]], on="account_id", suffixes=("", "_of_account"))
    accepted = placed.currency == placed.currency_of_account  # 2.2
    lines = order_lines(lake, placed[accepted], emails, visitors, as_of)
    sold = attributed(lines, touches(messages, interactions, context, accounts))
    zones = sold[["account_id"]].merge(accounts[["account_id", "timezone"]], "left", "account_id").timezone
    sold["placed_on"] = local_date(sold.placed_at.reset_index(drop=True), zones).to_numpy()

    clicks = interactions[interactions.type.isin(["product_card_click", "link_click"])]
    carts = interactions[interactions.type == "add_to_cart"]
    by_conversation = sold.groupby("c")
    totals = {
        "link_clicks": clicks.groupby("c").size(),
        "add_to_cart_items": carts.groupby("c").quantity.sum(),
        "attributed_orders": by_conversation.order_id.nunique(),
        "attributed_revenue": by_conversation.revenue.sum(),
        "net_attributed_revenue": by_conversation.net_revenue.sum(),
    }
    for name, total in totals.items():
        conversations[name] = total.reindex(conversations.c, fill_value=0).to_numpy()
    people = conversations[["account_id", "profile_id"]].merge(profiles, "left", ["account_id", "profile_id"])
    names = people.name.fillna(unless_blank(people.email)).fillna(unless_blank(people.phone))
    conversations["profile_name"] = names.fillna("Anonymous")  # 3.9

    used = messages[(messages.sender == "agent") & messages.skill.notna()]
    used = used[["c", "skill", "sent_at"]].merge(context[["c", "account_id", "channel", "timezone"]], on="c")
    used["date"] = local_date(used.sent_at, used.timezone)
    daily_skill_usage, skills = skill_usage(lake, used, accounts)
    return {
        "accounts": accounts,
        "profiles": profiles,
        "products": products[products.account_id.isin(accounts.account_id)],
        "articles": articles[articles.account_id.isin(accounts.account_id)],
        "conversations": conversations,
        "messages": messages,
        "interactions": interactions,
        "handoff_steps": steps,
        "agent_events": agent_events(conversations, messages),
        "attributed_order_lines": sold,
        "daily_performance": daily_performance(conversations, clicks, carts, sold),
        "daily_skill_usage": daily_skill_usage,
        "skills": skills,
        "rejected_rows": rejected_rows(lake, placed[~accepted]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--as-of", required=True, help="ISO instant with an offset")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    began = time.perf_counter()
    built = build(Lake(options.home), pd.Timestamp(options.as_of))
    computed = time.perf_counter()
    for table, rows in built.items():
        write(table, rows, options.out / f"{table}.parquet")
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    steps = {"compute": round(computed - began, 2), "write": round(ended - computed, 2)}
    print(json.dumps({"seconds": round(ended - began, 2), "peak_mib": peak, "steps": steps}))


if __name__ == "__main__":
    main()
