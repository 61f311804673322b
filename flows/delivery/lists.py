"""Lists over there: what a system that has some is asked, and what is known of one list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

UNKNOWN = "there is no profile with this address"


class Shopper(Protocol):
    """Somebody here, by whose addresses a profile over there is found."""

    @property
    def profile_id(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...


class FoundList(Protocol):
    """A list that is there."""

    @property
    def id(self) -> str: ...
    @property
    def created(self) -> datetime: ...


class Lists(Protocol):
    """What a system with lists can be asked; each raises SourceUnavailable and SourceRefused."""

    def lists(self, name: str) -> Sequence[FoundList]: ...
    def create_list(self, name: str) -> str: ...
    def joined(self, list_id: str, since: datetime | None) -> Iterator[Sequence[str]]: ...
    def add(self, list_id: str, profile_ids: Sequence[str]) -> dict[str, str]: ...
    def remove(self, list_id: str, profile_ids: Sequence[str]) -> dict[str, str]: ...
    def ids_of(self, emails: Sequence[str], phones: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]: ...
    def created(self, email: str | None, phone: str | None) -> str: ...


@dataclass(frozen=True)
class Mirror:
    """One list: of which segment, how it may be called, and how shoppers are found over there.

    `has_ids`: the shoppers' ids here are those over there; else their addresses find them, and `creates` says whether
    a profile is made for a shopper whom nobody knows there.
    """

    account: str
    segment: str
    names: tuple[str, ...]
    has_ids: bool
    creates: bool


@dataclass
class Done:
    """What a sync did. `others` are in the list without us; `missing` were gone from it, and are added again."""

    list_id: str | None = None
    added: int = 0
    removed: int = 0
    by_hand: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    size: int = 0
    others: int | None = None
    missing: int = 0
    not_gone: int = 0


def known_there(there: Lists, shoppers: Sequence[Shopper]) -> dict[str, str]:
    """Shoppers here (`key_of`) and their ids over there, by the email, else by the phone; of those known there."""
    emails, phones = there.ids_of(
        sorted({one.email for one in shoppers if one.email}), sorted({one.phone for one in shoppers if one.phone})
    )
    found = {key_of(one): emails.get(one.email or "") or phones.get(one.phone or "") for one in shoppers}
    return {profile: target for profile, target in found.items() if target}


def key_of(shopper: Shopper) -> str:
    """The profile's id here; of a shopper without a profile the email."""
    return shopper.profile_id or shopper.email or ""
