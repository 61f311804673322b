"""Who is refused, where Klaviyo refuses a whole call because of some: the others go through."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from http import HTTPStatus

from flows.delivery.klaviyo.records import faults, masked, reason
from flows.ground.errors import SourceRefused

# What may be about some of the profiles of a call. Others, such as a right that the key does not have, are about all.
OF_SOME = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
MOST_IN_VAIN = 63  # calls in a row; by then each of 64 parts has somebody who is refused
NOT_KNOWN = "klaviyo does not know this profile, or not any more"


def narrowed(
    ids: Sequence[str],
    call: Callable[[Sequence[str]], None],
    known: Callable[[Sequence[str]], Collection[str]],
) -> dict[str, str]:
    """Make a call for these ids; those that are refused, with the reason. A conflict says that it is so already.

    By the places that errors point to; else by asking which ids are `known`, once; else by halves, the largest first.
    Raises SourceRefused where that finds nobody who goes through: then it is not the ids. `known` may raise, too.
    """
    refused: dict[str, str] = {}
    waiting, has_asked, in_vain = deque([list(ids)]), False, 0
    while waiting:
        if not (some := waiting.popleft()):
            continue
        try:
            call(some)
            in_vain = -len(ids) * 2  # the rest is worth any number of calls
            continue
        except SourceRefused as error:
            if error.status not in OF_SOME:
                raise
            said, found = error, _pointed(error, some)
        if not found and len(some) == 1 and (has_asked or said.status == HTTPStatus.CONFLICT):
            found = {some[0]: masked(reason(said), some[0])}
        if not found and not has_asked:
            there, has_asked = known(ids), True
            strangers = [one for one in some if one not in there]
            refused |= dict.fromkeys(strangers, NOT_KNOWN)
            waiting.append([one for one in some if one in there])
        elif found:
            if said.status != HTTPStatus.CONFLICT:
                refused |= found
            waiting.append([one for one in some if one not in found])
        else:
            in_vain += 1
            if in_vain > MOST_IN_VAIN:
                raise said
            half = len(some) // 2
            waiting += [some[:half], some[half:]]
    return refused


def _pointed(error: SourceRefused, ids: Sequence[str]) -> dict[str, str]:
    """The ids that an answer points to, with what it says of each."""
    found = ((one.place, one.said) for one in faults(error.answer))
    return {
        ids[place]: masked(said or reason(error), ids[place])
        for place, said in found
        if place is not None and place < len(ids)
    }
