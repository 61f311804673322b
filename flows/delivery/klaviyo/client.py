"""What is asked of Klaviyo and told to it: lists and who is in them, profiles by their addresses, events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from dlt.sources.helpers.rest_client.auth import APIKeyAuth

from flows.delivery.klaviyo.addresses import any_of, email_key, may_be_email, may_be_phone, phone_key, portions, text
from flows.delivery.klaviyo.endpoints import Endpoints, Group, at
from flows.delivery.klaviyo.events import body_of
from flows.delivery.klaviyo.members import narrowed
from flows.delivery.klaviyo.records import Lists, Made, Profiles, Resources, duplicate, masked
from flows.delivery.message import Message
from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.settings.deliveries import KlaviyoDelivery
from flows.sources.api import JsonObject
from flows.sources.klaviyo.endpoints import NAME, NO_RIGHT, stamp

MEMBERS_A_CALL = 1_000
PAGE = {"page[size]": "100"}
NOBODY = {"email": "nobody@example.com", "phone_number": "+12025550123"}  # which may be asked for, whatever is wrong
UNREADABLE = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}


@dataclass(frozen=True)
class FoundList:
    """A list of the account."""

    id: str
    name: str
    created: datetime


class Klaviyo:
    """One account. What can pass by raises SourceUnavailable, what Klaviyo does not take SourceRefused."""

    def __init__(
        self, settings: KlaviyoDelivery, environment: Mapping[str, str], waiting: Callable[[float], None]
    ) -> None:
        self._base_url = settings.base_url
        key = f"Klaviyo-API-Key {settings.api_key.read(environment)}"
        self._ask = Endpoints(settings, APIKeyAuth(name="Authorization", api_key=key, location="header"), waiting)

    def check(self) -> str:
        """A call for each right to read. Whether the key may write cannot be asked without writing."""
        self._ask.get(Group.LISTS, "api/lists", {"page[size]": 1})
        self._ask.get(Group.PROFILES, "api/profiles", {"page[size]": 1, "fields[profile]": "email"})
        read = "lists, profiles and events can be read"
        try:
            self._ask.get(Group.EVENTS, "api/events", {"page[size]": 1})
        except SourceRefused as refused:
            if refused.status not in NO_RIGHT:
                raise
            read = "lists and profiles can be read"  # which is enough: events are only written
        return f"{self._base_url} answers, {read}; whether the key may write shows when something is delivered"

    def lists(self, name: str) -> list[FoundList]:
        """The lists that have exactly this name."""
        params = {"filter": f"equals(name,{text(name)})", "fields[list]": "name,created"}
        found = list[FoundList]()
        for page in self._ask.pages(Group.LISTS, "api/lists", params):
            lists = Lists.answered(f"{NAME} (api/lists)", {"lists": page}, self._ask.unknown).lists
            for one in lists:
                if one.attributes.name == name:
                    found.append(FoundList(id=one.id, name=name, created=one.attributes.created))
        return found

    def create_list(self, name: str) -> str:
        """Make a list; its id. One try alone, as a second one would make a second list.

        After SourceUnavailable it may be there or not: look for its name.
        """
        body = {"data": {"type": "list", "attributes": {"name": name}}}
        try:
            return self._made(self._ask.post_once(Group.NEW_LISTS, "api/lists", body), "api/lists")
        except SourceRefused as refused:
            if refused.status is not None:
                raise
            # An answer that cannot be read says that something was done.
            raise SourceUnavailable(refused.what, where=refused.where, remedy="look for the list by its name") from None

    def joined(self, list_id: str, since: datetime | None) -> Iterator[list[str]]:
        """Ids of the profiles in a list, page by page, first come first; of those who joined at an instant or later."""
        path = at("lists", list_id, "profiles")
        params = {**PAGE, "fields[profile]": "joined_group_at", "sort": "joined_group_at"}
        if since:
            params["filter"] = f"greater-or-equal(joined_group_at,{stamp(since)})"
        for page in self._ask.pages(Group.PROFILES, path, params):
            yield [one.id for one in self._resources(path, page)]

    def add(self, list_id: str, profile_ids: Sequence[str]) -> dict[str, str]:
        """Put profiles into a list; those that were refused, with the reason. It changes no consent."""
        return self._changed("POST", list_id, profile_ids)

    def remove(self, list_id: str, profile_ids: Sequence[str]) -> dict[str, str]:
        """Take profiles out of a list; those that were refused, with the reason. It changes no consent."""
        return self._changed("DELETE", list_id, profile_ids)

    def ids_of(self, emails: Sequence[str], phones: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
        """Ids of profiles by email and by phone, as these are spelled here; those that Klaviyo knows."""
        wanted = {one: email_key(one) for one in emails if may_be_email(email_key(one))}
        spelled = dict.fromkeys([*wanted.values(), *(one.strip() for one in wanted)])
        by_email = self._profiles("email", list(spelled), email_key)
        numbers = {one: phone_key(one) for one in phones if may_be_phone(phone_key(one))}
        by_phone = self._profiles("phone_number", list(dict.fromkeys(numbers.values())), phone_key)
        return (
            {one: by_email[key] for one, key in wanted.items() if key in by_email},
            {one: by_phone[key] for one, key in numbers.items() if key in by_phone},
        )

    def created(self, email: str | None, phone: str | None) -> str:
        """Make a profile; its id. Where one of the addresses is somebody's already, that one's."""
        number = phone_key(phone) if phone else None
        if email and number and not may_be_phone(number):
            number = None  # a number without its country would keep Klaviyo from taking the email
        given = {"email": email, "phone_number": number}
        attributes = {name: value for name, value in given.items() if value}
        if not attributes:
            raise SourceRefused(f"{NAME} makes no profile without an email address or a phone number")
        body = {"data": {"type": "profile", "attributes": attributes}}
        try:
            return self._made(self._ask.post(Group.NEW_PROFILES, "api/profile-import", body), "api/profile-import")
        except SourceRefused as refused:
            if refused.status == HTTPStatus.CONFLICT and (there := self._there(email, number, refused)):
                return there
            told = SourceRefused(masked(refused.what, email, phone, number), where=refused.where, remedy=refused.remedy)
            told.status = refused.status
            raise told from None

    def send(self, message: Message, klaviyo_id: str | None = None) -> None:
        """Tell an event. The same message told again is recorded once, if it names the shopper in the same way.

        Without the `klaviyo_id` of the profile Klaviyo makes one where it does not know the address.
        """
        self._ask.send(Group.EVENTS, "POST", "api/events", body_of(message, klaviyo_id, datetime.now(UTC)))

    def _changed(self, method: str, list_id: str, profile_ids: Sequence[str]) -> dict[str, str]:
        path, ids = at("lists", list_id, "relationships", "profiles"), list(dict.fromkeys(profile_ids))

        def call(some: Sequence[str]) -> None:
            data = [{"type": "profile", "id": one} for one in some]
            self._ask.send(Group.MEMBERS, method, path, {"data": data})

        def known(some: Sequence[str]) -> Collection[str]:
            self._ask.get(Group.LISTS, at("lists", list_id), {"fields[list]": "name"})  # else nobody can be in it
            return self._known(some)

        refused: dict[str, str] = {}
        for start in range(0, len(ids), MEMBERS_A_CALL):
            refused |= narrowed(ids[start : start + MEMBERS_A_CALL], call, known)
        return refused

    def _known(self, ids: Sequence[str]) -> set[str]:
        """Those of the ids that profiles have; all where that cannot be asked."""
        found = set[str]()
        for some in portions(ids):
            params = {**PAGE, "filter": any_of("id", some), "fields[profile]": "email"}
            try:
                for page in self._ask.pages(Group.PROFILES, "api/profiles", params):
                    found |= {one.id for one in self._resources("api/profiles", page)}
            except SourceRefused as refused:
                if refused.status not in UNREADABLE:
                    raise
                found |= set(some)
        return found

    def _profiles(self, field: str, values: Sequence[str], key: Callable[[str], str]) -> dict[str, str]:
        """Ids of profiles by what a field has, as `key` has it. What Klaviyo does not take for a value nobody has."""
        found: dict[str, str] = {}
        waiting, has_asked = list(portions(values)), False
        while waiting:
            some = waiting.pop()
            try:
                found |= self._asked(field, some, key)
            except SourceRefused as refused:
                if refused.status not in UNREADABLE:
                    raise
                if not has_asked:  # if this is refused too, it is not the values
                    self._asked(field, [NOBODY[field]], key)
                    has_asked = True
                if len(some) > 1:
                    waiting += [some[: len(some) // 2], some[len(some) // 2 :]]
        return found

    def _asked(self, field: str, values: Sequence[str], key: Callable[[str], str]) -> dict[str, str]:
        params = {**PAGE, "filter": any_of(field, values), "fields[profile]": field}
        found: dict[str, str] = {}
        for page in self._ask.pages(Group.PROFILES, "api/profiles", params):
            profiles = Profiles.answered(f"{NAME} (api/profiles)", {"profiles": page}, self._ask.unknown).profiles
            for one in profiles:
                if given := getattr(one.attributes, field):
                    found.setdefault(key(given), one.id)
        return found

    def _there(self, email: str | None, phone: str | None, refused: SourceRefused) -> str | None:
        by_email, by_phone = self.ids_of([email] if email else [], [phone] if phone else [])
        return by_email.get(email or "") or by_phone.get(phone or "") or duplicate(refused)

    def _resources(self, path: str, page: Sequence[Any]) -> Sequence[Any]:
        return Resources.answered(f"{NAME} ({path})", {"resources": page}, self._ask.unknown).resources

    def _made(self, answer: JsonObject, path: str) -> str:
        return Made.answered(f"{NAME} ({path})", answer, self._ask.unknown).data.id
