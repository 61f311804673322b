"""Texts of strangers as a ticket can hold them: what they say stays readable, and nothing in them takes effect."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from re import Match

from flows.delivery.handoffs.ticket import Line, NewTicket
from flows.ground import zones
from flows.ground.text import counted

LONGEST = 60_000  # characters of a ticket's body: Zendesk takes 65,536 bytes or so, others more
LONGEST_LINE = 250  # of a subject
LONGEST_TEXT = 10_000  # of one message
MOST_PRODUCTS = 10
SENDERS = {"visitor": "Shopper", "agent": "AI agent", "human": "Team", "system": "Automatic"}

_BREAKS = re.compile(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_ENTITY = re.compile(r"&(?=#\d+;|#[xX][0-9a-fA-F]+;|[A-Za-z][A-Za-z0-9]*;)")
_WHOLE_ENTITY = re.compile(r"&(?:#\d+|#[xX][0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);")
_FILE = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w.=+-]+)*,[\w+/=%.~-]+", re.IGNORECASE)
_PICTURE = re.compile(r"!\[([^\[\]\n]{0,500})\]\([^()\s]{0,2000}\)")
_LINK = re.compile(r"\[([^\[\]\n]{1,500})\]\(([^()\s]{1,2000})\)")
_STRONG = re.compile(r"\*\*([^*\n]{1,1000})\*\*")
_NAMES = "from|to|cc|bcc|sender|subject|date|reply-to|return-path|received|message-id|in-reply-to|references"
_HEADER = re.compile(rf"(?:{_NAMES}|mime-version|content-[a-z-]+|x-[a-z-]+)[ \t]*:", re.IGNORECASE)
_LEADING = re.compile(r"[-+•=~#]+(?:[ \t]+|$)|[=~#-]{2,}")  # a heading, a list, a rule, a fence, a mail's signature
_EDGE_LINE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_PAIRS = re.compile(  # of which placeholders, macros and links are made
    r"(?<=[{}])(?=[{}%#$!@&~^/|\[\]])|(?<=[{}%#$!@&~^/|\[\]])(?=[{}])"
    r"|(?<=\[)(?=\[)|(?<=\])(?=[\](:\[])|(?<=!)(?=\[)|(?<=~)(?=~)"
)
_LOOK_ALIKE = str.maketrans({"<": "‹", ">": "›", "`": "'", "*": "∗", "|": "¦"})
_DIGITS = re.compile(r"\d+(?:[\s.·*_|/‐-―-]{1,3}\d+)*")
_GROUPS = re.compile(  # as cards are printed, with whatever in between
    r"(?<!\d)(?<!ends in )(?:\d{4}(?:[\W_]{1,6}\d{4}){3}|\d{4}[\W_]{1,6}\d{6}[\W_]{1,6}\d{4,5})(?!\d)"
)
SHORTEST_CARD, LONGEST_CARD = 14, 19  # digits
_CARDS = (  # the first digits of cards, and how many digits these have
    (re.compile(r"4"), (16, 19)),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"30[0-5]|3[689]"), (14, 16)),
    (re.compile(r"35"), (16, 17, 18, 19)),
    (re.compile(r"50|5[6-9]|6|8[12]"), (16, 17, 18, 19)),
)


def safe(text: str) -> str:
    """A stranger's text, with line breaks, in which nothing is markup, a macro, a placeholder or a mail header.

    Control, bidirectional and invisible characters are gone, card numbers are masked, files within the text are left
    out. It is for places that take plain text; a place that takes HTML has to escape it still. Safe text stays as is.
    """
    text = _BREAKS.sub("\n", text)
    text = _visible(text)
    for _ in range(3):  # widgets write I&#39;m, some of them twice
        text = _visible(_BREAKS.sub("\n", _WHOLE_ENTITY.sub(lambda found: html.unescape(found.group()), text)))
    text = _FILE.sub("(a file, left out)", text)
    text = _PICTURE.sub(lambda found: f"(a picture: {found.group(1)})", text)
    text = _LINK.sub(_link, text)
    text = _STRONG.sub(r"\1", text)
    text = _DIGITS.sub(_masked, text)
    text = _GROUPS.sub(_masked, text)
    text = _ENTITY.sub("& ", text).translate(_LOOK_ALIKE)
    text = _EDGE_LINE.sub("ˍ", text)
    text = _PAIRS.sub(" ", text)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(map(_plain_line, text.split("\n")))).strip()


def one_line(text: str, most: int = LONGEST_LINE) -> str:
    """A safe text in one line, for a subject or a name; `…` where it was longer."""
    line = " ".join(safe(text).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def body(ticket: NewTicket, most: int = LONGEST) -> str:
    """What the team reads: who asks what and why, and the whole conversation in the account's local time, as plain
    safe text.

    Never longer than `most` characters: the earlier messages go first, and a line says how many did.
    """
    head = "\n".join(_head(ticket))
    title = f"Conversation ({counted(len(ticket.lines), 'message')}, times in {ticket.zone})"
    told = list(_messages(ticket, min(LONGEST_TEXT, most // 4)))
    room = most - len(head) - len(title) - 200
    kept, used = 0, 0
    for day, said in reversed(told):
        used += len(said) + len(day) + 2
        if used > room:
            break
        kept += 1
    left_out = len(told) - kept
    cut = [f"({counted(left_out, 'earlier message')} left out: too long for a ticket)"] if left_out else []
    last = None
    for day, said in told[left_out:]:
        cut += [said] if day == last else [day, said]
        last = day
    return "\n".join([head, "", title, *cut])[:most]


def _head(ticket: NewTicket) -> Iterator[str]:
    who = f"{ticket.name} ({one_line(ticket.email)})" if ticket.name else one_line(ticket.email)
    accepted_at = zones.local(ticket.accepted_at, ticket.zone)
    yield f"Shopper: {who}, waiting for a person since {accepted_at:%Y-%m-%d %H:%M} ({ticket.zone})"
    yield from _facts(
        Reason=ticket.reason and ticket.reason.replace("_", " "),
        Tag=ticket.tag,
        Channel=ticket.channel.replace("_", " "),
    )
    if ticket.question:
        yield ""
        yield "The shopper's question:"
        yield from _indented(ticket.question[:2_000])
    yield ""
    if ticket.link:
        yield f"Conversation in agent metrics: {ticket.link}"
    if ticket.products:
        yield "Products that the agent showed:"
        shown = ticket.products[:MOST_PRODUCTS]
        yield from (f"• {one_line(one.title, 100)}{f' {one_line(one.url, 300)}' if one.url else ''}" for one in shown)
        if len(ticket.products) > len(shown):
            yield f"• and {len(ticket.products) - len(shown)} more"
    yield from _facts(Profile=ticket.profile_id)
    yield f"Conversation id: {one_line(ticket.conversation_id, 300)}"


def _facts(**facts: str | None) -> Iterator[str]:
    yield from (f"{name}: {one_line(value)}" for name, value in facts.items() if value)


def _messages(ticket: NewTicket, most: int) -> Iterator[tuple[str, str]]:
    """Of each message the line of its day, and what was said; with the offset from UTC where the clock was changed."""
    local = [zones.local(line.at, ticket.zone) for line in ticket.lines]
    clock = "%H:%M" if len({at.utcoffset() for at in local}) <= 1 else "%H:%M %z"
    for line, at in zip(ticket.lines, local, strict=True):
        yield f"On {at:%Y-%m-%d}", _told(line, at.strftime(clock), most)


def _told(line: Line, at: str, most: int) -> str:
    """A message: its time and sender in front, and further lines marked, so that no text can pose as a message."""
    text = safe(line.text)
    if len(text) > most:
        text = f"{text[:most]}\n({len(text) - most:,} characters left out)"
    first, *more = text.split("\n") if text else ["(no text)"]
    said = f"[{at}] {SENDERS.get(line.sender, one_line(line.sender))}: {first}"
    return "\n".join([said, *_indented("\n".join(more))] if more else [said])


def _indented(text: str) -> Sequence[str]:
    return [f"  │ {one}".rstrip() for one in text.split("\n")]


def _visible(text: str) -> str:
    """Without control, format and half characters; joiners stay where a script needs them."""
    text = text.replace("\t", " ")
    return "".join(
        sign
        for place, sign in enumerate(text)
        if sign == "\n" or unicodedata.category(sign) not in {"Cc", "Cf", "Cs"} or _joins(text, place)
    )


def _joins(text: str, place: int) -> bool:
    if text[place] not in "\u200c\u200d" or not 0 < place < len(text) - 1:
        return False
    return all(one > "\u02ff" and unicodedata.category(one)[0] in "LMS" for one in (text[place - 1], text[place + 1]))


def _link(found: Match[str]) -> str:
    title, url = found.groups()
    return url if title == url else f"{title} ({url})"


def _plain_line(line: str) -> str:
    line = line.strip()
    if found := _LEADING.match(line):
        line = f"• {line[found.end() :].lstrip()}".rstrip()
    if line.startswith("#") or _HEADER.match(line):
        line = f"• {line}"
    return line


def _masked(found: Match[str]) -> str:
    """The digits without the card numbers among them: some groups of digits in a row that make one."""
    text = found.group()
    groups = list(re.finditer(r"\d+", text))
    digits = ["".join(str(int(one)) for one in group.group()) for group in groups]
    parts, done, first = list[str](), 0, 0
    while first < len(groups):
        number, last = "", first
        while last < len(groups) and len(number) <= LONGEST_CARD:
            number += digits[last]
            last += 1
            if _is_card(number):
                parts.append(f"{text[done : groups[first].start()]}(card number that ends in {number[-4:]})")
                done, first = groups[last - 1].end(), last - 1
                break
        first += 1
    return "".join(parts) + text[done:]


def _is_card(digits: str) -> bool:
    if len(digits) < SHORTEST_CARD or not any(
        len(digits) in lengths and first.match(digits) for first, lengths in _CARDS
    ):
        return False
    doubled = [int(one) * (1 + place % 2) for place, one in enumerate(reversed(digits))]
    return sum(one - 9 * (one > 9) for one in doubled) % 10 == 0
