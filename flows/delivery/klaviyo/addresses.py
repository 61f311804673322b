"""How Klaviyo spells addresses, and filters that ask for them; pure functions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from flows.sources.api.parts import whole

MOST_VALUES = 100  # of one filter
LONGEST_FILTER = 6_000  # characters of an address; servers and proxies take about 8,000


def email_key(email: str) -> str:
    """What two spellings of one address have in common."""
    return email.strip().lower()


def phone_key(phone: str) -> str:
    """A phone number without what people put in between; `00` before the country is `+`."""
    return re.sub(r"^00", "+", re.sub(r"[\s()./-]", "", phone))


def may_be_email(text: str) -> bool:
    return bool(re.fullmatch(r"[^@\s]+@[^@\s]+", text)) and text == whole(text)


def may_be_phone(text: str) -> bool:
    """Whether it is a number with its country, E.164: Klaviyo has no others."""
    return bool(re.fullmatch(r"\+[1-9][0-9]{6,14}", text))


def text(value: str) -> str:
    """A text inside of a filter."""
    return json.dumps(value, ensure_ascii=False)


def any_of(field: str, values: Iterable[str]) -> str:
    return f"any({field},[{','.join(map(text, values))}])"


def portions(values: Iterable[str]) -> Iterator[Sequence[str]]:
    """Values in portions that fit into one filter."""
    some, length = list[str](), 0
    for value in values:
        size = len(quote(text(value) + ",", safe=""))
        if some and (len(some) == MOST_VALUES or length + size > LONGEST_FILTER):
            yield some
            some, length = [], 0
        some.append(value)
        length += size
    if some:
        yield some
