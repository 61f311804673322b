"""Klaviyo's conversations and their threads, and what it says itself of how many there are."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from flows.ground.errors import SourceRefused, SourceUnavailable
from flows.sources.api import Batch, Known, Part, Place, Row, parts_of
from flows.sources.klaviyo.agent import Conversation, Message, Thread
from flows.sources.klaviyo.endpoints import NAME, NO_RIGHT, Endpoints, Group, stamp
from flows.sources.klaviyo.properties import instant
from flows.sources.klaviyo.settings import KlaviyoSettings

CAN_CHANGE = "open"
DONE = "done"
PREVIEW = "preview"
AGAIN = "conversations/again"
SEVERAL = 3  # threads in a row that are not answered: it is not they


class Conversations:
    """The conversations of one account. A part `conversation` has the ids of its messages as Klaviyo lists them.

    Those of them that did not come are its `missing`; its thread is asked for again in the next pull.
    """

    def __init__(self, account: str, settings: KlaviyoSettings, ask: Endpoints, begins: datetime) -> None:
        self._account, self._settings, self._ask, self._begins = account, settings, ask, begins
        self._came: set[str] = set()
        self._short: dict[str, int] = {}  # messages that did not come, by conversation
        self._unanswered: set[str] = set()  # conversations whose thread is to be asked for in the next pull
        self._in_a_row = 0
        self._is_whole = False

    def new(self, place: Place, known: Known, now: datetime) -> Iterator[Batch]:
        """Conversations since the place, and again those that can still change; threads only where they may be new."""
        if "conversations" not in place:
            return
        self._unanswered = set(json.loads(place.get(AGAIN, "[]")))
        for unanswered in self._before(known, self._unanswered).values():
            yield self._thread(unanswered, unanswered)
        since = datetime.fromisoformat(place["conversations"]) - timedelta(days=self._settings.reread_days)
        filters = f"greater-or-equal(created_at,{stamp(max(since, self._begins))})"
        for conversations, _ in self._ask.conversations(filters, None):
            found, refused = parts_of("conversations", self._account, conversations, self._listed)
            yield Batch(refused)
            before = self._before(known, {one.id for one in found})
            for one in found:
                earlier = before.get(one.id)
                if earlier and not _may_be_new(one, earlier):
                    yield Batch((), parts=[_part(one, earlier.missing)])
                else:
                    yield self._thread(one, earlier)
        yield Batch((), {"conversations": now.isoformat(), AGAIN: self._again()})

    def past(self, place: Place, now: datetime) -> Iterator[tuple[Batch, datetime | None]]:
        """All conversations, newest first, and at the end of a page its oldest. The place is the page to go on with."""
        self._is_whole = place.get("conversations/past") == DONE
        if self._is_whole:
            return
        since = f"greater-or-equal(created_at,{stamp(self._begins)})"
        total = self._ask.volume(self._begins, now)
        seen = int(place.get("conversations/seen", 0))
        start = {} if "conversations" in place else {"conversations": now.isoformat()}
        for conversations, following in self._ask.conversations(since, place.get("conversations/past")):
            found, refused = parts_of("conversations", self._account, conversations, self._listed)
            yield Batch(refused), None
            for one in found:
                seen += 1
                share = min(seen / total, 0.9999) if total else None
                yield replace(self._thread(one, None), share=share), None
            there = {"conversations/past": following or DONE, "conversations/seen": str(seen), AGAIN: self._again()}
            created = (instant(one.attributes.created_at) for one in found)
            oldest = min(filter(None, created), default=None)
            self._is_whole = following is None
            share = None if following else 1.0
            yield Batch((), {**start, **there}, share=share, is_milestone=self._is_whole), oldest

    def counted(self, place: Place, known: Known, now: datetime) -> Iterator[Batch]:
        """How many conversations Klaviyo's own report counts, once a day, and a warning of what is short of that.

        A report would have other figures at each pull, and each pull would bring something new.
        """
        warnings = []
        if self._short:
            of = f"of {len(self._short):,} conversations such as {next(iter(self._short))}"
            warnings.append(f"{sum(self._short.values()):,} messages that {NAME} lists did not come, {of}")
        day = now.date().isoformat()
        theirs = self._ask.volume(self._begins, now) if self._is_whole and place.get("counted") != day else None
        if theirs is None:
            yield Batch((), warnings=warnings)
            return
        ours = known.count("conversation", self._came)
        if ours < theirs:
            warnings.append(f"{NAME} reports {theirs:,} conversations, {ours:,} came")
        starts_at = self._begins if self._settings.start else None
        row = self._count("conversations", None, theirs, now.isoformat())
        row = replace(row, values={**row.values, "starts_at": starts_at, "ends_at": now.isoformat()})
        yield Batch([row], {"counted": day}, warnings=warnings)

    def _listed(self, record: Any) -> Iterator[Thread]:
        """A conversation that Klaviyo lists, as the lake has it; nothing of one that only tries the agent out."""
        one = Conversation.read(record, self._ask.unknown)
        if one.attributes.mode == PREVIEW:
            return
        self._came.add(f"conversation/{one.id}")
        yield Thread(id=one.id, attributes=one.attributes, messages=one.listed)

    def _before(self, known: Known, ids: Collection[str]) -> dict[str, Thread]:
        """The conversations that the lake has of these, by id."""
        found = known.of([f"conversation/{one}" for one in ids], "conversation")
        return {thread.id: thread for record in found.values() for thread in [Thread.read(record, self._ask.unknown)]}

    def _thread(self, conversation: Thread, earlier: Thread | None) -> Batch:
        """A conversation and its messages, as parts of it. Where some that it lists are missing, it is asked twice."""
        listed = conversation.messages
        missing = set(listed or ())
        if earlier:
            missing -= set(earlier.messages or ()) - set(earlier.missing)
        parts, rows, warnings = list[Part](), list[Row](), list[str]()
        try:
            for _ in range(1 if earlier and earlier.missing else 2):
                found, rows = self._messages(conversation)
                parts += found
                missing -= {part.id for part in found}
                if not missing:
                    break
        except SourceRefused as error:  # of this thread: it was deleted, or has a shape that is not known
            if error.status in NO_RIGHT:
                raise
            warnings = [str(error)]
            self._unanswered.discard(conversation.id)
        except SourceUnavailable as error:  # one thread alone stops nothing; several in a row are the source itself
            self._in_a_row += 1
            if self._in_a_row >= SEVERAL:
                raise
            self._unanswered.add(conversation.id)
            warnings = [str(error)]
        else:
            self._in_a_row = 0
            self._unanswered.discard(conversation.id)
        given = conversation.attributes
        at = instant(given.updated_at) or instant(given.created_at)
        if listed is not None and at:
            rows.append(self._count("messages", conversation.id, len(listed), at.isoformat()))
        if listed and missing:
            self._short[conversation.id] = len(missing)
        return Batch(rows, parts=[_part(conversation, sorted(missing)), *parts], warnings=warnings)

    def _again(self) -> str:
        return json.dumps(sorted(self._unanswered))

    def _messages(self, conversation: Thread) -> tuple[list[Part], list[Row]]:
        def message(record: Any) -> Iterator[Part]:
            one = Message.read(record, self._ask.unknown)
            yield Part(f"conversation/{conversation.id}", "message", one.id, one.kept(), one.attributes.updated_at)

        path = f"api/customer-agent-conversations/{quote(conversation.id, safe='')}/customer-agent-messages"
        return parts_of("messages", self._account, self._ask.all(Group.CONVERSATIONS, path), message)

    def _count(self, thing: str, of: str | None, value: int, at: str) -> Row:
        """What Klaviyo says of how many there are; `at` is the instant of which it says so."""
        values = {
            "account_id": self._account,
            "count_id": "/".join(filter(None, (NAME, thing, of))),
            "source": NAME,
            "thing": thing,
            "conversation_id": of,
            "value": value,
            "counted_at": at,
            "updated_at": at,
        }
        return Row("source_counts", values, {"value": value})


def _may_be_new(thread: Thread, earlier: Thread) -> bool:
    """Whether a thread may hold what did not come yet: of an open one also where no ids of messages are listed."""
    if earlier.missing or thread.messages != earlier.messages:
        return True
    may_change = thread.attributes.status == CAN_CHANGE and thread.messages is None
    return may_change or thread.attributes.updated_at != earlier.attributes.updated_at


def _part(thread: Thread, missing: Sequence[str]) -> Part:
    record = {**thread.kept(), "missing": list(missing)}
    return Part(f"conversation/{thread.id}", "conversation", thread.id, record, thread.attributes.updated_at)
