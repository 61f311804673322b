"""Chapters 3 and 4 of the definitions for with_pandas.py: shoppers, threads and what becomes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from frames import C, Lake, earlier, email_key, first, last, local_date, text, unless_blank


def shoppers(
    lake: Lake, accounts: pd.DataFrame, as_of: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Profiles; the profile of every email and of every visitor (4.1, 4.2)."""
    profiles = lake.newest("profiles")
    profiles = profiles[profiles.account_id.isin(accounts.account_id)].copy()
    given, family = unless_blank(profiles.first_name), unless_blank(profiles.last_name)
    profiles["name"] = (given + " " + family).fillna(given).fillna(family)
    profiles["email_key"] = email_key(profiles.email)
    emails = profiles[profiles.email_key.notna()].sort_values("profile_id")
    emails = emails.drop_duplicates(["account_id", "email_key"])[["account_id", "email_key", "profile_id"]]
    visitors = lake.newest("visitors")
    visitors = visitors[visitors.seen_at <= as_of].sort_values(["seen_at", "profile_id"])
    visitors = visitors.drop_duplicates(["account_id", "visitor_id"], keep="last").drop(columns="seen_at")
    return (
        profiles,
        emails.rename(columns={"profile_id": "email_profile_id"}),
        visitors.rename(columns={"profile_id": "visitor_profile_id"}),
    )


def threads(lake: Lake, accounts: pd.DataFrame, as_of: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Started conversations by their number with what their messages say, and the messages (3.1, 3.2, 3.8)."""
    counted = lake.newest("conversations")
    settings = accounts[["account_id", "timezone", "auto_close_hours"]]
    counted = counted[counted.created_at <= as_of].merge(settings, on="account_id")
    counted["c"] = np.arange(len(counted))
    messages = lake.newest("messages")
    messages = messages[messages.sent_at <= as_of].merge(counted[[*C, "c"]], on=C)
    messages = messages[messages.c.isin(messages.c[messages.sender == "visitor"])]
    messages = messages.sort_values(["c", "sent_at", "message_id"])
    messages["position"] = messages.groupby("c").cumcount() + 1
    visitor = messages[messages.sender == "visitor"]
    skilled = messages[(messages.sender == "agent") & messages.skill.notna()]
    started, spoken = first(visitor), last(messages[messages.sender != "system"])
    conversations = counted.set_index("c").loc[started.index].sort_index()
    for sender in ("visitor", "agent", "human"):
        counts = messages.c[messages.sender == sender].value_counts()
        conversations[f"{sender}_message_count"] = counts.reindex(conversations.index, fill_value=0)
    counts = ["visitor_message_count", "agent_message_count", "human_message_count"]
    return messages, conversations.assign(
        message_count=conversations[counts].sum(axis=1),
        started_at=started.sent_at,
        started_on=local_date(started.sent_at.reindex(conversations.index), conversations.timezone),
        first_question=started.text,
        last_message_at=spoken.sent_at,
        last_sender=spoken.sender,
        last_visitor_message_at=last(visitor).sent_at,
        first_human_message_at=first(messages[messages.sender == "human"]).sent_at,
        initial_skill=first(skilled).skill,
        final_skill=last(skilled).skill,
    )


def judged(conversations: pd.DataFrame, steps: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Hand-off, closing and status (3.3 to 3.7); `steps` are in the order of time."""
    every = conversations.index
    handoffs = steps[steps.type.isin(["accepted", "ticket_created", "message_sent", "human_joined"])]
    tickets, shown = steps[steps.type == "ticket_created"], steps[steps.type == "message_sent"]
    given = steps[steps.type == "email_provided"].assign(email_key=lambda rows: email_key(rows.email))
    human_at = conversations.first_human_message_at
    routed_at = earlier(first(handoffs[handoffs.type != "message_sent"]).occurred_at.reindex(every), human_at)
    times_out_at = conversations.last_message_at + pd.to_timedelta(conversations.auto_close_hours, unit="h")
    ticket_at = first(tickets[tickets.platform.isin(["zendesk", "gorgias"])]).occurred_at.reindex(every)
    closed_at = conversations.closed_at
    somebody = (closed_at <= as_of) & (closed_at <= times_out_at) & (closed_at >= conversations.last_message_at)
    helped = (ticket_at <= times_out_at) & (ticket_at >= conversations.last_visitor_message_at)
    timed_out = times_out_at <= as_of
    closed_at = closed_at.where(somebody, ticket_at.where(helped, times_out_at.where(timed_out)))
    closers = [conversations.closed_by.fillna("visitor"), "handoff", "timeout"]
    resolved = closed_at.notna() & (conversations.last_sender == "agent")
    states = [routed_at.notna(), every.isin(shown.c), resolved]
    status = text(np.select(states, ["routed", "closed", "resolved"], "open"), every)
    reasons = first(handoffs[handoffs.reason.notna()]).reason.reindex(every)
    offered = first(steps[(steps.type == "offered") & steps.reason.notna()]).reason
    unresolved = {"routed": "unresolved_by_ai", "closed": "unresolved_by_ai"}
    return conversations.assign(
        status=status,
        legacy_status=status.map({"resolved": "resolved_by_ai", "open": "open"} | unresolved),
        closed_at=closed_at,
        closed_by=text(np.select([somebody, helped, timed_out], closers, None), every),
        handed_off_at=earlier(first(handoffs).occurred_at.reindex(every), human_at),
        routed_at=routed_at,
        handoff_method=status.map({"routed": "ticket", "closed": "message"}),
        escalation_reason=reasons.fillna(offered).where(status.isin(["routed", "closed"])),
        ticket_platform=first(tickets).platform,
        ticket_id=first(tickets).ticket_id,
        email_key=last(given[given.email_key.notna()]).email_key,
    )
