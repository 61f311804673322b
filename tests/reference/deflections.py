"""Rule 13.5: whether a conversation ends with the agent sending its shopper elsewhere, by the phrases of the file."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

from tests.reference.threads import Thread

FILE = Path(__file__).parents[2] / "dbt_project" / "deflections.toml"
SAME = {
    "email": "email",
    "voice": "phone",
    "sms": "sms",
    "whatsapp": "whatsapp",
    "web_chat": "web_chat",
    "in_app": "web_chat",
    "instagram": "social",
    "facebook": "social",
    "tiktok": "social",
}


def is_deflected(thread: Thread) -> bool:
    text = thread.last["text"] if thread.last["sender"] == "agent" else None
    return text is not None and sends_elsewhere(text, thread.conversation["channel"])


def sends_elsewhere(text: str, channel: str) -> bool:
    bare = plain(text[-1000:])
    known = read()
    for phrase in known[None]:
        bare = phrase.sub(" . ", bare)
    return any(
        phrase.search(bare) for to, phrases in known.items() if to and to != SAME.get(channel) for phrase in phrases
    )


def plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss").replace("´", "'"))
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    for signs, one in (("'’‘`", " "), ("–—‑‐", "-"), ("\n", "."), ("\r\t\u00a0\u202f", " ")):
        bare = "".join(one if sign in signs else sign for sign in bare)
    return bare


@cache
def read() -> dict[str | None, list[re.Pattern[str]]]:
    """Channel -> its phrases; None -> what is taken out."""
    document = tomllib.loads(FILE.read_text("utf-8"))
    found: dict[str | None, list[re.Pattern[str]]] = {None: []}
    for entry in (*document["unless"], *document["phrase"]):
        text = entry["phrase"]
        while names := re.findall(r"{(\w+)}", text):
            for name in names:
                text = text.replace("{" + name + "}", document["words"][entry["language"]][name])
        pattern = r"(?<![a-z0-9])(?:" + expression(plain(text)) + r")(?![a-z0-9])"
        found.setdefault(entry.get("to"), []).append(re.compile(pattern))
    return found


def expression(phrase: str) -> str:
    """Blanks inside of brackets stand for themselves."""
    parts = re.split(r"(\[[^]]*\])", phrase)
    for place in range(0, len(parts), 2):
        part = parts[place].replace("...", "\0").replace(" ?", "\1")
        part = re.sub(" +", " +", part).replace("\1", " *").replace("@", "[a-z0-9._%+-]+@[a-z0-9-]+")
        part = part.replace("#", "[+(]?[0-9][0-9 ()/.-]{4,}[0-9]")
        parts[place] = part.replace("\0", "[^.!?;]*")
    return "".join(parts)
