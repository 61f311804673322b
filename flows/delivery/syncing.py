"""One segment to one list: the plan, the guard, and the sync."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from flows.delivery.delivered import Delivered
from flows.delivery.destinations import ToKlaviyo
from flows.delivery.lists import Mirror
from flows.delivery.messages import SHOWN
from flows.delivery.mirroring import Sync
from flows.delivery.plan import Change, changes, planned
from flows.delivery.planned import PlannedChange
from flows.delivery.work import Work
from flows.ground.errors import AgentMetricsError, DeliveryHeld, SourceUnavailable
from flows.published.segment_details import members_query, profile_contacts
from flows.published.segments import find_in_account, in_segment
from flows.settings.requests import SyncRequest


def sync(work: Work, to: ToKlaviyo, key: str, request: SyncRequest) -> Delivered:
    """Make a list of what is published as members of a segment; whatever goes wrong stands in the result."""
    done = Delivered(work.account, to.name, "segment", key)
    try:
        _sync(work, to, request, done)
    except AgentMetricsError as error:
        done.outcome = "held" if isinstance(error, DeliveryHeld) else "failed"
        done.error, done.exit_status = str(error), error.exit_status
    if not request.dry_run:
        done.note(work.ledger)
    return done


def _sync(work: Work, to: ToKlaviyo, request: SyncRequest, done: Delivered) -> None:
    key = done.key
    _, segment = find_in_account(work.reader, key, work.account)
    members = work.reader.batches(members_query(work.reader, in_segment(key, work.account, "members.")))
    plan = planned(work.ledger, work.account, key, members, again=request.failed)
    done.size = plan.size
    done.figures = {"to_add": plan.adds, "to_remove": plan.removes}
    held = plan.held_because(to.settings.max_removed_share)
    if request.dry_run:
        most = request.limit or SHOWN
        some = [
            one for is_added in (False, True) for one in changes(work.ledger, is_added=is_added, after=0, most=most)
        ]
        done.outcome, done.error = "planned", held and f"without --confirm it is held: {held}"
        done.sample = tuple(map(_planned, _named(work, some[:most])))
        return
    if held and not request.confirm:
        remedy = "look at it with --dry-run, then give --confirm"
        raise DeliveryHeld(f"the list of {key} stays as it is, because {held}", remedy=remedy)
    names = (f"{segment.title} (agent metrics)", f"{segment.title} ({work.account}, agent metrics)")
    mirror = Mirror(work.account, key, names, to.has_ids, to.settings.creates_profiles)
    did = Sync(work.ledger, to.there, mirror, work.progress, adopt=request.adopt).run(plan, request.limit)
    done.size, done.refused = did.size, dict(did.refused)
    done.figures = {"added": did.added, "removed": did.removed, "there_by_hand": did.by_hand, "missing": did.missing}
    done.figures |= {"not_gone": did.not_gone} | ({} if did.others is None else {"others": did.others})
    done.outcome = "delivered" if did.added or did.removed else "nothing_new"
    done.exit_status = SourceUnavailable.exit_status if did.refused else 0
    if did.refused and not did.size and not did.by_hand:
        done.outcome, done.error = "failed", "everybody was refused"


def _named(work: Work, some: Sequence[Change]) -> Iterator[Change]:
    """The changes with names and addresses also of those who are not in the segment any more."""
    gone = [one.profile_id for one in some if one.name is None and one.email is None]
    known = profile_contacts(work.reader, work.account, gone)
    for one in some:
        name, email, phone = known.get(one.profile_id, (one.name, one.email, one.phone))
        yield replace(one, name=name, email=email, phone=phone)


def _planned(one: Change) -> PlannedChange:
    return PlannedChange(
        "add" if one.is_added else "remove", one.profile_id, one.name, one.email, one.phone, one.reason
    )
