"""Chapter 4 and rule 3.9: who is who."""

from __future__ import annotations

from dataclasses import dataclass

from tests.reference.counted import Shop
from tests.reference.landing import Row
from tests.reference.threads import Thread


@dataclass(frozen=True)
class Shopper:
    profile_id: str | None
    visitor_id: str | None

    def is_same(self, other: Shopper) -> bool:
        """4.3"""
        if self.profile_id is not None and other.profile_id is not None:
            return self.profile_id == other.profile_id
        return self.visitor_id is not None and self.visitor_id == other.visitor_id


def written_alike(email: str | None) -> str | None:
    """4.2 An email without surrounding blanks, ASCII letters in lower case; blanks alone are not an email."""
    if email is None:
        return None
    letters = [chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in email.strip(" ")]
    return "".join(letters) or None


def dialled_alike(phone: str | None) -> str | None:
    """4.2 A phone without blanks, hyphens, points and brackets; None where that is not a phone."""
    bare = "".join(sign for sign in phone or "" if sign not in " -.()[]")
    digits = bare.removeprefix("+")
    is_phone = 7 <= len(digits) <= 15 and set(digits) <= set("0123456789") and len(set(digits)) > 1
    return bare if is_phone else None


def exists(text: str | None) -> bool:
    """3.9 What consists of blanks does not exist."""
    return text is not None and text.strip(" ") != ""


def full_name(profile: Row) -> str | None:
    """3.9 First and last name, whichever exist."""
    return " ".join(name for name in (profile["first_name"], profile["last_name"]) if exists(name)) or None


class Shoppers:
    """The profiles and visitors of one shop."""

    def __init__(self, shop: Shop) -> None:
        self.profiles = {row["profile_id"]: row for row in shop.rows["profiles"]}
        self.visitors = shop.rows["visitors"]
        self.named = {row["order_id"]: row["profile_id"] for row in shop.rows["order_profiles"]}

    def profile_of_visitor(self, visitor_id: str | None) -> str | None:
        """4.1"""
        rows = [row for row in self.visitors if row["visitor_id"] == visitor_id]
        return max(rows, key=lambda row: (row["seen_at"], row["profile_id"]))["profile_id"] if rows else None

    def profile_of_email(self, email: str | None) -> str | None:
        """4.2 Of several profiles the smallest id."""
        wanted = written_alike(email)
        if wanted is None:
            return None
        return min((key for key, row in self.profiles.items() if written_alike(row["email"]) == wanted), default=None)

    def profile_of_phone(self, phone: str | None) -> str | None:
        """4.2 Of several profiles the smallest id."""
        wanted = dialled_alike(phone)
        if wanted is None:
            return None
        return min((key for key, row in self.profiles.items() if dialled_alike(row["phone"]) == wanted), default=None)

    def of_conversation(self, thread: Thread) -> Shopper:
        """4.2 Its own profile, else its visitor's, else that of the latest email given, else that of its own."""
        row = thread.conversation
        emails = [step["email"] for step in thread.of_type("email_provided") if written_alike(step["email"])]
        profile_id = (
            row["profile_id"]
            or self.profile_of_visitor(row["visitor_id"])
            or self.profile_of_email(emails[-1] if emails else row["email"])
        )
        return Shopper(profile_id, row["visitor_id"])

    def of_interaction(self, row: Row, thread: Thread) -> Shopper:
        """4.2, and 4.3: without a visitor it takes its conversation's."""
        conversation = self.of_conversation(thread)
        profile_id = row["profile_id"] or self.profile_of_visitor(row["visitor_id"]) or conversation.profile_id
        return Shopper(profile_id, row["visitor_id"] or conversation.visitor_id)

    def of_order(self, row: Row) -> Shopper:
        """4.2 Its own profile, else that named elsewhere, of the same email, of the same phone, else its visitor's."""
        profile_id = (
            row["profile_id"]
            or self.named.get(row["order_id"])
            or self.profile_of_email(row["email"])
            or self.profile_of_phone(row["phone"])
            or self.profile_of_visitor(row["visitor_id"])
        )
        return Shopper(profile_id, row["visitor_id"])

    def of_product_event(self, row: Row) -> Shopper:
        """4.2 Its own profile, else its visitor's."""
        return Shopper(row["profile_id"] or self.profile_of_visitor(row["visitor_id"]), row["visitor_id"])

    def name(self, profile_id: str | None) -> str:
        """3.9"""
        profile = self.profiles.get(profile_id or "")
        if profile is None:
            return "Anonymous"
        name: str | None = full_name(profile)
        if name is None:
            name = next((text for text in (profile["email"], profile["phone"]) if exists(text)), "Anonymous")
        return name or "Anonymous"
