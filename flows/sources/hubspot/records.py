"""What is read of HubSpot's answers, by its descriptions of version 2026-09: Conversations, and batches of Contacts."""

from __future__ import annotations

from typing import Any

from flows.sources.api import Flag, Id, Instant, Listed, Loosely, Record, Text


class Associations(Record):
    associatedTicketId: Text = None


class Thread(Record):
    """By what it says is seen whether a thread changed: `assignedTo` is read for nothing else."""

    id: Id
    status: Text = None
    createdAt: Text = None
    closedAt: Text = None
    latestMessageTimestamp: Instant = None
    associatedContactId: Loosely[Text] = None
    originalChannelId: Text = None
    threadAssociations: Loosely[Associations] = None
    assignedTo: Loosely[Text] = None

    not_read = """
        archived inboxId latestMessageReceivedTimestamp latestMessageSentTimestamp originalChannelAccountId spam
        """


class Sender(Record):
    actorId: Text = None

    not_read = "deliveryIdentifier name senderField"


class Message(Record):
    """A message, or a step of the thread."""

    id: Id
    type: Text = None
    text: Text = None
    createdAt: Instant = None
    updatedAt: Instant = None
    createdBy: Loosely[Text] = None
    senders: Loosely[Listed[Sender]] = None
    direction: Loosely[Text] = None
    truncationStatus: Loosely[Text] = None
    assignedTo: Text = None
    newStatus: Text = None
    archived: Flag = False

    not_read = """
        assignedFrom attachments channelAccountId channelId client conversationsThreadId fromInboxId inReplyToId
        recipients richText status subject toInboxId
        """

    @property
    def actor_ids(self) -> list[str]:
        """Who wrote it, or did it: whoever is named first counts."""
        return [name for name in (*(one.actorId for one in self.senders or ()), self.createdBy) if name]


class Said(Message):
    """A message as it is kept: with the types of the actor and of the assignee."""

    actor: Text = None
    assignee: Text = None


class Properties(Record):
    email: Loosely[Text] = None
    phone: Loosely[Text] = None
    firstname: Loosely[Text] = None
    lastname: Loosely[Text] = None

    not_read = "createdate hs_object_id lastmodifieddate"  # they come without being asked for


class Contact(Record):
    id: Id
    properties: Loosely[Properties] = None
    updatedAt: Loosely[Instant] = None

    not_read = "archived archivedAt createdAt objectWriteTraceId propertiesWithHistory url"


class KnownThread(Record):
    """A thread as it is kept: with the name of its channel, and with its shopper."""

    thread: Thread
    channel: Text = None
    contact: Loosely[Contact] = None


class Channel(Record):
    id: Id
    name: Id


class Actor(Record):
    id: Id
    type: Text = None

    not_read = "avatar email name"


class Content(Record):
    """The text of a message as it was sent."""

    text: Text = None

    not_read = "richText"


class Next(Record):
    after: Text = None

    not_read = "link"


class Paging(Record):
    next: Next | None = None

    not_read = "prev"


class Page(Record):
    results: Listed[Any]
    paging: Paging | None = None

    not_read = "total"


class Found(Record):
    """What a batch found."""

    results: Listed[Any] = ()

    not_read = "completedAt errors links numErrors requestedAt startedAt status"
