"""A small shop with segments: who is in them agrees with what the published tables have of each shopper."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from flows.audiences import SHIPPED, read
from tests.published.shop import Shop

AS_OF = datetime(2026, 6, 7, 12, tzinfo=UTC)  # of what candidates describe
ESCALATED = "Conversation with Customer Agent escalated"
CHOSEN: dict[str, Any] = {
    "condition_groups": [
        {
            "conditions": [
                {
                    "type": "profile-property",
                    "property": "email",
                    "filter": {"type": "string", "operator": "ends-with", "value": "@vip.example"},
                },
                {
                    "type": "profile-metric",
                    "metric": "Placed Order",
                    "measurement": "sum",
                    "measurement_filter": {"type": "numeric", "operator": "greater-than", "value": "100"},
                },
            ]
        },
        {
            "conditions": [
                {
                    "type": "profile-marketing-consent",
                    "consent": {"channel": "email", "can_receive_marketing": True},
                }
            ]
        },
    ]
}


def days_ago(days: float) -> datetime:
    return AS_OF - timedelta(days=days)


class ShopWithSegments(Shop):
    """`profile`, `segment`, `member` and `change` are rows of their tables."""

    def profile(self, profile_id: str, account_id: str = "shop", **more: Any) -> None:
        facts = {"email": None, "phone": None, "name": None, **more}
        self.add("profiles", account_id, profile_id=profile_id, **facts)

    def segment(self, key: str, definition: dict[str, Any] | None, account_id: str = "shop", **more: Any) -> None:
        facts = {
            "name": f"Name of {key}",
            "description": f"For {key}.",
            "member_count": 0,
            "anonymous_count": 0,
            "is_suppressing": True,
            "first_built_at": None,
            **more,
        }
        text = json.dumps(definition) if definition else None
        self.add("segments", account_id, segment=key, definition=text, **facts)

    def member(self, key: str, profile_id: str, account_id: str = "shop", **more: Any) -> None:
        of = next(
            one for one in self.rows["profiles"] if (one["account_id"], one["profile_id"]) == (account_id, profile_id)
        )
        contact = {"email": of["email"], "phone": of["phone"]}
        reach = {f"{channel}_reach": "not_known" for channel in ("email", "sms", "whatsapp")}
        facts = {"entered_at": None, "suppressed_by": None, **contact, **reach, **more}
        self.add("segment_members", account_id, segment=key, profile_id=profile_id, **facts)
        for row in self.rows["segments"]:
            if (row["account_id"], row["segment"]) == (account_id, key):
                row["member_count"] += 1

    def change(self, key: str, profile_id: str, change: str, at: datetime, account_id: str = "shop") -> None:
        row = {"segment": key, "profile_id": profile_id, "change": change, "changed_at": at}
        self.add("segment_changes", account_id, **row)


def segmented_shop() -> ShopWithSegments:
    """`escalated_7_days` of both accounts, `recommended_not_bought`, and `chosen`, with a rule of each kind."""
    shop = ShopWithSegments()
    for profile, email, phone, name in (
        ("ana", "Ana@mail.example", "+5511900000001", "Ana Müller"),
        ("cmd", "cmd@mail.example", "=1+1", "=cmd()"),
        ("old", "old@vip.example", None, "\x1b[31mOld\u202e"),
        ("new", None, None, None),
    ):
        shop.profile(profile, email=email, phone=phone, name=name)
    shop.profile("ana", "other", email="ana@other.example")
    for key in ("escalated_7_days", "recommended_not_bought"):
        shop.segment(key, shipped(key), anonymous_count=2 if key.startswith("escalated") else 0)
    shop.segment("escalated_7_days", shipped("escalated_7_days"), "other")
    shop.segment("chosen", CHOSEN, name=None)

    for number, (profile, days) in enumerate([("ana", 2.0), ("ana", 3), ("cmd", 6), ("old", 8)]):
        shop.conversation(f"e{number}", "routed", profile_id=profile, at=days_ago(days))
        shop.event(f"e{number}", 0, "conversation_escalated", escalation_reason="complaint")
        shop.event(f"e{number}", 0, "product_recommended", product_ids=None)
    for order, profile, revenue, days in (("o1", "old", "90", 1), ("o2", "old", "20.5", 30), ("o3", "cmd", "1", 7)):
        shop.add(
            "orders", order_id=order, profile_id=profile, placed_at=days_ago(days), revenue=revenue, net_revenue=revenue
        )

    reachable = {"email_reach": "reachable", "sms_reach": "not_allowed"}
    shop.member("escalated_7_days", "ana", suppressed_by="open_ticket", entered_at=days_ago(2), **reachable)
    shop.member("escalated_7_days", "cmd", entered_at=None, sms_reach="reachable", whatsapp_reach="no_address")
    shop.member("recommended_not_bought", "ana", entered_at=days_ago(1), **reachable)
    shop.member("recommended_not_bought", "cmd", entered_at=days_ago(3), sms_reach="reachable")
    shop.member("chosen", "old", email_reach="reachable", sms_reach="no_address", whatsapp_reach="no_address")
    shop.member("escalated_7_days", "ana", "other", email_reach="reachable")
    shop.change("escalated_7_days", "ana", "entered", days_ago(2))
    shop.change("escalated_7_days", "old", "left", days_ago(1))
    for change, days in (("left", 6.5), ("entered", 6)):
        shop.change("escalated_7_days", "cmd", change, days_ago(days))
    shop.change("escalated_7_days", "new", "left", days_ago(8))
    return shop


def shipped(key: str) -> dict[str, Any]:
    document: dict[str, Any] = read(SHIPPED / f"{key}.yml").document
    return document
