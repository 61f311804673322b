"""A list over there has the same members as a segment here: who is missing is added, and who was added by us and is
not in the segment any more is removed. Nobody else is touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from flows.delivery.ledger import Ledger, now, stamp
from flows.delivery.lists import UNKNOWN, Done, Lists, Mirror, known_there
from flows.delivery.plan import Change, Plan, batches
from flows.ground.errors import SourceRefused
from flows.ground.progress import Progress

BATCH = 1000  # members a call
OVERLAP = timedelta(minutes=10)  # clocks differ, and who joined a moment ago is perhaps not told of yet
CLOCKS = timedelta(minutes=2)  # by which clocks may differ
LOOKED = timedelta(days=1)  # after which a list is looked at although nothing changes
OF_ONE = {400, 409, 422}  # what may be about one shopper alone
LIST = "account_id = ?1 and segment = ?2"
OURS = "state in ('in', 'adding', 'removing')"


class Sync:
    """Brings one list to its plan; interrupted anywhere, the next one goes on."""

    def __init__(
        self, ledger: Ledger, there: Lists, mirror: Mirror, progress: Progress, *, adopt: bool = False
    ) -> None:
        """`adopt` takes over a list that has the name already; whoever is in it counts as put there by hand."""
        self._adopt = adopt
        self._ledger, self._there, self._mirror, self._progress = ledger, there, mirror, progress
        self._key = (mirror.account, mirror.segment)
        self._done = Done()

    def run(self, plan: Plan, limit: int | None = None) -> Done:
        """Make at most `limit` changes, removals first, then read the list back.

        Raises SourceUnavailable, SourceRefused.
        """
        list_id = self._done.list_id = self._found_or_made()
        if not plan.is_empty or self._is_due():
            try:
                self._see(list_id, self._looked())
            except SourceRefused as refused:
                raise self._gone(refused) from refused
            self._progress.start(f"{self._mirror.segment} ({self._mirror.account})", plan.adds + plan.removes)
            for some in batches(self._ledger, is_added=False, size=BATCH, limit=limit):
                self._remove(list_id, some)
            left = None if limit is None else limit - min(plan.removes, limit)
            for some in batches(self._ledger, is_added=True, size=BATCH, limit=left):
                self._add(list_id, some)
            self._progress.finish()
            self._read_back(list_id)
        (self._done.size,) = self._ledger.row(
            f"select count(distinct target_id) from members where {LIST} and {OURS}", *self._key
        )
        return self._done

    def _found_or_made(self) -> str:
        """The list's id. A list that is not ours is left alone, unless it is to be adopted. Raises SourceRefused."""
        known = self._ledger.rows(f"select list_id, name, began_at from lists where {LIST}", *self._key)
        if known and known[0][0] is not None:
            return str(known[0][0])
        list_id = self._made_unnoticed(*known[0][1:]) if known else None
        if list_id is None:
            name, list_id = self._free_name()
            self._ledger.run(f"delete from lists where {LIST}", *self._key)
            self._ledger.run("insert into lists values (?, ?, ?, null, ?, null)", *self._key, name, now())
            list_id = list_id or self._there.create_list(name)
        self._ledger.run(f"update lists set list_id = ?3 where {LIST}", *self._key, list_id)
        return list_id

    def _made_unnoticed(self, name: str, began_at: str) -> str | None:
        """The list that was being made when we were stopped, if it came to be."""
        since = datetime.fromisoformat(began_at) - CLOCKS
        return next(
            (one.id for one in self._there.lists(name) if one.created >= since and not self._is_ours(one.id)), None
        )

    def _free_name(self) -> tuple[str, str | None]:
        """A name for the list; with the id of a list of strangers that has it and is to be adopted."""
        for name in self._mirror.names:
            there = self._there.lists(name)
            if not there:
                return name, None
            if all(self._is_ours(one.id) for one in there):
                continue  # of another segment, or of another account in the same Klaviyo
            if self._adopt:
                return name, next(one.id for one in there if not self._is_ours(one.id))
            what = f"there is a list {name!r} already, and this ledger does not know it"
            raise SourceRefused(what, remedy="rename it over there, or give --adopt: who is in it stays in it")
        raise SourceRefused(f"every name for the list of {self._mirror.segment} is taken", remedy="rename the segment")

    def _is_ours(self, list_id: str) -> bool:
        return bool(self._ledger.row("select exists (select 1 from lists where list_id = ?)", list_id)[0])

    def _gone(self, refused: SourceRefused) -> SourceRefused:
        """A list that somebody has deleted is forgotten, with all who were in it."""
        if refused.status != 404:
            return refused
        with self._ledger.together():
            for table in ("lists", "members", "others"):
                self._ledger.run(f"delete from {table} where {LIST}", *self._key)
        what = f"the list of {self._mirror.segment} is gone over there"
        return SourceRefused(what, remedy="the next sync makes a new one, unless the settings leave the segment out")

    def _looked(self) -> datetime | None:
        """Since when nobody has looked at the list; None where nobody ever has."""
        (looked,) = self._ledger.row(f"select looked_at from lists where {LIST}", *self._key)
        return datetime.fromisoformat(looked) - OVERLAP if looked else None

    def _is_due(self) -> bool:
        looked = self._looked()
        return looked is None or datetime.now(UTC) - looked > LOOKED

    def _see(self, list_id: str, since: datetime | None) -> None:
        """Who is in the list, or has joined it since an instant, into `seen`."""
        self._ledger.run("delete from seen")
        for ids in self._there.joined(list_id, since):
            with self._ledger.together(is_aside=True):
                self._ledger.run_for("insert or ignore into seen values (?)", [(one,) for one in ids])

    def _add(self, list_id: str, some: Sequence[Change]) -> None:
        targets, unknown = self._targets(some)
        by_hand = self._by_hand(targets)
        found = [one for one in some if one.profile_id in targets]
        mine = [one for one in found if one.profile_id not in by_hand]
        with self._ledger.together():
            self._note([one for one in some if one.profile_id in unknown], "not_added", {}, unknown)
            self._note([one for one in found if one.profile_id in by_hand], "by_hand", targets)
            self._note(mine, "adding", targets)
        refused = self._there.add(list_id, [targets[one.profile_id] for one in mine]) if mine else {}
        reasons = {profile: refused[target] for profile, target in targets.items() if target in refused}
        with self._ledger.together():
            self._note([one for one in mine if one.profile_id not in reasons], "in", targets)
            self._note([one for one in mine if one.profile_id in reasons], "not_added", targets, reasons)
        self._done.added += len(mine) - len(reasons)
        self._done.by_hand += len(by_hand)
        self._done.refused.update([*reasons.values(), *unknown.values()])
        self._progress.advance(len(some))

    def _by_hand(self, targets: Mapping[str, str]) -> set[str]:
        """The shoppers of these whom somebody else has put into the list."""
        query = f"""select
            (exists (select 1 from seen where target_id = ?3)
                or exists (select 1 from others where {LIST} and target_id = ?3))
            and not exists (select 1 from members where {LIST} and target_id = ?3 and {OURS})"""
        return {profile for profile, target in targets.items() if self._ledger.row(query, *self._key, target)[0]}

    def _remove(self, list_id: str, some: Sequence[Change]) -> None:
        self._note(some, "removing", {})
        # two shoppers here can be one profile there: it stays for the one who stays
        shared = f"select count(*) from members where {LIST} and target_id = ?3 and state in ('in', 'adding')"
        going = {
            one.profile_id: one.target_id
            for one in some
            if one.target_id and not self._ledger.row(shared, *self._key, one.target_id)[0]
        }
        refused = self._there.remove(list_id, sorted(set(going.values()))) if going else {}
        reasons = {profile: refused[target] for profile, target in going.items() if target in refused}
        with self._ledger.together():
            self._note([one for one in some if one.profile_id not in reasons], "removed", {})
            self._note([one for one in some if one.profile_id in reasons], "not_removed", {}, reasons)
        self._done.removed += len(some) - len(reasons)
        self._done.refused.update(reasons.values())
        self._progress.advance(len(some))

    def _targets(self, some: Sequence[Change]) -> tuple[dict[str, str], dict[str, str]]:
        """Shoppers' ids here and over there, of those who are known there, and why the others are not."""
        if self._mirror.has_ids:
            return {one.profile_id: one.profile_id for one in some}, {}
        found, unknown = known_there(self._there, some), dict[str, str]()
        for one in some:
            target = found.get(one.profile_id)
            if target is None and self._mirror.creates and (one.email or one.phone):
                try:
                    target = self._there.created(one.email, one.phone)
                except SourceRefused as refused:
                    if refused.status not in OF_ONE:
                        raise
                    unknown[one.profile_id] = refused.what
            if target is not None:
                found[one.profile_id] = target
            else:
                unknown.setdefault(one.profile_id, UNKNOWN)
        return found, unknown

    def _read_back(self, list_id: str) -> None:
        """Hold the whole list against the ledger; what differs is mended by the next sync."""
        began = datetime.now(UTC)
        self._see(list_id, None)
        seen = "target_id in (select target_id from seen)"
        with self._ledger.together():
            # removed by hand, merged into another profile, or not shown yet: it is asked for again
            self._done.missing = self._ledger.run(
                f"update members set state = 'adding' where {LIST} and state = 'in' and not {seen}", *self._key
            )
            self._done.not_gone = self._ledger.run(
                f"""update members set state = 'removing' where {LIST} and state = 'removed' and {seen}
                and not exists (
                    select 1 from members as kept
                    where kept.account_id = ?1 and kept.segment = ?2 and kept.target_id = members.target_id
                        and kept.state in ('in', 'adding')
                )""",
                *self._key,
            )
            self._ledger.run(f"delete from members where {LIST} and state = 'removed'", *self._key)
            # put in by hand and taken out by hand: whoever is wanted is added by the next sync
            self._ledger.run(f"delete from members where {LIST} and state = 'by_hand' and not {seen}", *self._key)
            self._ledger.run(
                f"""delete from members where {LIST} and state in ('by_hand', 'not_added', 'not_removed')
                and profile_id not in (select profile_id from wanted where held_back is null)
                and not (state = 'not_removed' and {seen})""",
                *self._key,
            )
            self._ledger.run(f"delete from others where {LIST}", *self._key)
            self._done.others = self._ledger.run(
                f"""insert into others select ?1, ?2, target_id from seen
                where target_id not in (
                    select target_id from members where {LIST} and {OURS} and target_id is not null
                )""",
                *self._key,
            )
            self._ledger.run(f"update lists set looked_at = ?3 where {LIST}", *self._key, stamp(began))

    def _note(
        self,
        some: Sequence[Change],
        state: str,
        targets: Mapping[str, str],
        reasons: Mapping[str, str] | None = None,
    ) -> None:
        at, why = now(), reasons or {}
        self._ledger.run_for(
            "insert or replace into members values (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *self._key,
                    one.profile_id,
                    targets.get(one.profile_id, one.target_id),
                    state,
                    why.get(one.profile_id),
                    at,
                )
                for one in some
            ],
        )
