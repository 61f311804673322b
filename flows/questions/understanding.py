"""What messages of shoppers are, each read once: what they do (rule 8.1), whether they stand alone, and what they are
about (rule 8.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flows.questions import context, wording
from flows.questions.context import follows_up_of
from flows.questions.embedders import embedded
from flows.questions.kinds import About, Titles, about_of
from flows.questions.wording import JOINED, Kind

NOTHING = Titles()
UNTOLD = ("knowledge", "product")  # kinds of which a question may be that only seems to say what it is about


def prepare(embedder: str) -> None:
    """Load what understanding and grouping need, which takes most of a second."""
    from flows.questions import grouping  # noqa: F401, PLC0415  only who groups anew needs it

    wording.kind_of("")
    embedded(embedder, [""])


@dataclass(frozen=True)
class Understood:
    """What a text is; `about` is None of small talk, which asks nothing."""

    kind: Kind
    follows_up: bool
    about: About | None


def about(text: str, titles: Titles) -> About:
    """What a question is about with nothing before it. Raises nothing, whatever the text is."""
    gist = wording.gist(text)
    return _read(wording.folded(gist), gist, titles)[1]


def understood(
    accounts: Sequence[str], texts: Sequence[str], titles: Mapping[str, Titles], *, are_asked: bool, are_many: bool
) -> list[Understood]:
    """What each text is, of the account at its place, whose products have these titles. Texts that `are_asked` are
    questions whatever they say; `are_many` changes no answer (wording.py).
    """
    return [
        _understood(text, titles.get(account, NOTHING), is_asked=are_asked, are_many=are_many)
        for account, text in zip(accounts, texts, strict=True)
    ]


def _understood(text: str, titles: Titles, *, is_asked: bool, are_many: bool) -> Understood:
    bare = wording.without_courtesy(text)
    gist = bare or text
    plain = wording.folded(gist)
    kind = wording.kind_of(plain, are_many=are_many) if bare else "small_talk"
    if kind == "small_talk" and not is_asked:
        return Understood(kind, follows_up=False, about=None)
    follows_up, about = _read(plain, gist, titles)
    return Understood(kind, follows_up, about)


def _read(plain: str, gist: str, titles: Titles) -> tuple[bool, About]:
    """Whether a question cannot stand alone, and what it is about where nothing was before it. One that was put
    together is about what the turn before is about where it says nothing of that itself.
    """
    earlier, _, last = gist.rpartition(JOINED)
    if earlier and follows_up_of(plain_last := wording.folded(last)) and _leaves_unsaid(plain_last):
        found = about_of(wording.folded(earlier), earlier, titles)
        named = titles.named_in(last) if found.kind == "product" else None
        return False, About("product", named.product_id) if named else found
    follows_up = follows_up_of(plain)
    if follows_up and _leaves_unsaid(plain):
        return True, About("other")
    found = about_of(plain, gist, titles)
    return follows_up and found.kind != "other", found


def _leaves_unsaid(plain: str) -> bool:
    """Whether a question that cannot stand alone says nothing of what it is about."""
    return context.says_nothing(plain) and about_of(plain, "", NOTHING).kind in UNTOLD
