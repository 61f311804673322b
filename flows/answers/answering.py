"""The four questions and their answers, for whoever has an `Access`, from the newest publication."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date
from decimal import Decimal

import contract
from flows.answers.asked import AskedFigures, AskedMetric, AskedWhy
from flows.answers.behind import behind
from flows.answers.catalogue import Metric, metric, metrics
from flows.answers.page import Page
from flows.answers.ranged import Ranged
from flows.answers.told import (
    AccountShort,
    AccountTold,
    Around,
    Figures,
    Group,
    MeasuredTold,
    MetricList,
    MetricNamed,
    MetricShort,
    MetricTold,
    Missing,
    State,
    Why,
)
from flows.answers.valued import Counted, not_measured
from flows.dashboard.access import Access, AllowedReader
from flows.ground.errors import InputError
from flows.ground.sql import literal
from flows.published import waiting
from flows.published.accounts import PublishedAccount, accounts, of_id
from flows.published.breakdown import Group as ReportGroup
from flows.published.breakdown import breakdown
from flows.published.figures import NO_CONVERSATIONS
from flows.published.figures import Figures as ReportFigures
from flows.published.handoffs import NOTHING, Handoffs, handoffs, handoffs_by, handoffs_over
from flows.published.measured import missing_until, of_channels
from flows.published.measured import not_measured as not_measured_of
from flows.published.notes import notes
from flows.published.performance import channels_of, delivered_until
from flows.published.report import report, told_handoffs
from flows.published.spans import UNITS, spans
from flows.warehouses import Warehouse
from flows.warehouses.publication import Publication, newest_publication
from flows.warehouses.reader import Reader

MOST_SPANS = 800  # days, weeks or months: two years of days
CHANNELS = contract.landing()["conversations"].column("channel").values  # those that every account may have
MOST_GROUPS = 200  # channels, tags and the like, the largest first
MOST_ACCOUNTS = 100  # in the list
MEASURED = "select figure, state, source, since from metrics.measured where account_id = {account} order by figure"


class NotThere(InputError):
    """What is asked for is not known, or not for whoever asks."""


class NotYet(InputError):
    """Nothing is published yet."""


@dataclass(frozen=True)
class Answers:
    """Answers for one asker. Each method looks at the newest publication anew.

    Raises InputError for a question that cannot be answered, NotThere where a metric or an account is not known,
    NotYet before the first publication, StorageFailed or WarehouseFailed where the warehouse cannot be read.
    """

    warehouse: Warehouse
    access: Access
    page: Page

    def metrics(self) -> MetricList:
        """All metrics, short, and the accounts that can be asked for."""
        with self._looking() as (reader, publication):
            seen = self._accounts(reader)[:MOST_ACCOUNTS]
            return MetricList(
                publication=_state(publication),
                accounts=tuple(_told(reader, one, publication) for one in seen),
                metrics=tuple(MetricShort(**dict(_named(one)), by=one.by) for one in metrics().values()),
            )

    def metric(self, asked: AskedMetric) -> MetricTold:
        """What a metric is, and whether it is measured of the account."""
        found = _metric(asked.metric)
        with self._looking() as (reader, publication):
            account = self._account(reader, asked.account)
            missing = found.untold(not_measured_of(reader, account.account_id))
            return MetricTold(
                **dict(_named(found)),
                by=found.by,
                date=found.date,
                numerator=found.numerator,
                denominator=found.denominator,
                has_to_be_grouped=found.has_to_be_grouped,
                publication=_state(publication),
                account=account.account_id,
                is_measured=not missing,
                reason=not_measured(missing) if missing else None,
                measured=_measured(reader, account, found.needs),
            )

    def figures(self, asked: AskedFigures) -> Figures:
        """The figures of metrics in a range, and in groups where that is asked."""
        found = tuple(_metric(name) for name in dict.fromkeys(asked.metrics))
        _check_groups(found, asked.by)
        _check_spans(asked)
        with self._ranged(asked) as ranged:
            grouped = _grouped(ranged, found, asked.by) if asked.by else []
            shown = grouped[: MOST_SPANS if asked.by in UNITS else MOST_GROUPS]
            whole = _counted(ranged, found)
            return Figures(
                **dict(_around(ranged)),
                metrics=tuple(_named(one) for one in found),
                figures=tuple(whole.told(one.name) for one in found if not one.has_to_be_grouped),
                by=asked.by,
                groups=tuple(
                    Group(group=key, to=to, figures=tuple(counted.told(one.name) for one in found))
                    for key, to, counted in shown
                ),
                groups_left_out=len(grouped) - len(shown),
            )

    def why(self, asked: AskedWhy) -> Why:
        """What one figure is made of: the figures that it is a quotient of, and the rows that count in it."""
        found = _metric(asked.metric)
        if found.has_to_be_grouped:
            remedy = f"ask for its figures by {', '.join(found.by)}"
            raise InputError(f"{found.name} is known in groups only", where="metric", remedy=remedy)
        parts = [metric(one) for one in (found.numerator, found.denominator) if one]
        with self._ranged(asked) as ranged:
            counted = _counted(ranged, (found, *parts))
            figure = counted.told(found.name)
            rows = None
            if counted.told(found.counted.name).value is not None:
                rows = behind(ranged, found, self.page)
            return Why(
                **dict(_around(ranged)),
                metric=_named(found),
                figure=figure,
                made_of=tuple(counted.told(one.name) for one in parts),
                behind=rows,
                link=self.page.dates(ranged.account, ranged.first, ranged.last),
            )

    @contextmanager
    def _looking(self) -> Iterator[tuple[Reader, Publication]]:
        with ExitStack() as closing:
            try:
                reader = AllowedReader(closing.enter_context(self.warehouse.read()), self.access)
                publication = newest_publication(reader)
            except InputError as error:
                raise NotYet(error.what, remedy=error.remedy) from None
            yield reader, publication

    @contextmanager
    def _ranged(self, asked: AskedFigures | AskedWhy) -> Iterator[Ranged]:
        with self._looking() as (reader, publication):
            account = self._account(reader, asked.account)
            channels = tuple(dict.fromkeys(asked.channels))
            known = {*CHANNELS, *channels_of(reader, account)}
            for channel in set(channels) - known:
                remedy = f"give some of {', '.join(sorted(known))}"
                raise InputError(f"there is no channel {channel[:40]!r}", where="channels", remedy=remedy)
            yield Ranged(reader, publication, account, asked.first, asked.last, channels)

    def _accounts(self, reader: Reader) -> tuple[PublishedAccount, ...]:
        """Those that may be seen: of others nobody learns that they are there."""
        return tuple(
            one for one in accounts(reader) if self.access.accounts is None or one.account_id in self.access.accounts
        )

    def _account(self, reader: Reader, account_id: str | None) -> PublishedAccount:
        seen = self._accounts(reader)
        if account_id is None and len(seen) == 1:
            return seen[0]
        if account_id is None:
            remedy = f"give one of {', '.join(one.account_id for one in seen[:MOST_ACCOUNTS])}" if seen else None
            raise InputError("is missing", where="account", remedy=remedy)
        try:
            return of_id(seen, account_id)
        except InputError as error:
            raise NotThere(error.what[:300], where="account", remedy=error.remedy) from None


def _around(ranged: Ranged) -> Around:
    until = delivered_until(ranged.account, ranged.publication)
    is_over = ranged.last < ranged.account.day_of(until)
    missing = missing_until(ranged.reader, ranged.account, ranged.last)
    said = notes(ranged.reader, ranged.account, ranged.publication, ranged.first, ranged.last)
    return Around(
        account=_short(ranged.account),
        first=ranged.first,
        last=ranged.last,
        channels=ranged.channels,
        is_over=is_over,
        until=None if is_over else until,
        publication=_state(ranged.publication),
        missing=tuple(Missing(**asdict(one)) for one in missing),
        notes=tuple(" ".join(map(str, (*one.what, one.remedy))) for one in said),
    )


def _metric(name: str) -> Metric:
    try:
        return metric(name)
    except InputError as error:
        raise NotThere(error.what, where=error.where, remedy=error.remedy) from None


def _check_groups(asked: Sequence[Metric], by: str | None) -> None:
    """Raises InputError where a metric cannot be grouped like that, or is not known as a whole."""
    for one in asked:
        if by is None and one.has_to_be_grouped:
            raise InputError(f"{one.name} is known in groups only", where="by", remedy=f"give {', '.join(one.by)}")
        if by is not None and by not in one.by:
            remedy = f"it can be {', '.join(one.by)}"
            raise InputError(f"{one.name} cannot be grouped by {by[:100]!r}", where="by", remedy=remedy)


def _check_spans(asked: AskedFigures) -> None:
    if asked.by in UNITS:
        count = sum(1 for _ in spans(str(asked.by), asked.first, asked.last))
        if count > MOST_SPANS:
            remedy = "ask for a shorter range, or for longer spans"
            raise InputError(f"the range has {count:,} {asked.by}s, more than {MOST_SPANS}", where="by", remedy=remedy)


def _counted(ranged: Ranged, asked: Sequence[Metric]) -> Counted:
    """The figures of the whole range, as far as the metrics need them."""
    told = {one.told for one in asked}
    untold = _untold(ranged)
    figures = report(ranged.reader, *ranged.of, ranged.channels) if "report" in told else None
    handed = handoffs(ranged.reader, *ranged.of, ranged.channels) if "handoffs" in told else None
    return Counted(figures, told_handoffs(handed, untold), not_measured=untold)


Grouped = list[tuple[str, date | None, Counted]]


def _grouped(ranged: Ranged, asked: Sequence[Metric], by: str) -> Grouped:
    """Key, last date of a span, and figures of each group; a group of hand-offs alone has 0 of all else."""
    told = {one.told for one in asked}
    untold = _untold(ranged)
    if "skills" in told:
        used = report(ranged.reader, *ranged.of, ranged.channels).skills
        return [(one.skill, None, Counted(skill=one, not_measured=untold)) for one in used]
    groups: dict[str, ReportGroup] = {}
    if "report" in told:
        whole = report(ranged.reader, *ranged.of, ranged.channels)
        groups = {str(one.key): one for one in breakdown(ranged.reader, whole, by).groups}
    handed = _handed(ranged, by) if "handoffs" in told else {}
    ends = {str(first): last for first, last in spans(by, ranged.first, ranged.last)} if by in UNITS else {}
    nothing = NOTHING if waiting.are_published(ranged.reader) else None
    found: Grouped = []
    for key in dict.fromkeys((*groups, *handed)):
        of_group = of_channels(untold, [key]) if by == "channel" else untold
        figures = groups.get(key) or _nothing(of_group)
        counted = Counted(figures, told_handoffs(handed.get(key, nothing), untold), not_measured=of_group)
        found.append((key, ends.get(key), counted))
    return found


def _handed(ranged: Ranged, by: str) -> dict[str, Handoffs]:
    """Hand-offs by the key of their group."""
    if by in UNITS:
        over = handoffs_over(ranged.reader, *ranged.of, ranged.channels, unit=by)
        return {str(one.first): one.handoffs for one in over}
    return {one.key: one.handoffs for one in handoffs_by(ranged.reader, *ranged.of, ranged.channels, by=by)}


def _nothing(untold: frozenset[str]) -> ReportFigures:
    return ReportFigures(
        conversations=NO_CONVERSATIONS,
        attributed_revenue=Decimal(0),
        net_attributed_revenue=Decimal(0),
        attributed_orders=0,
        link_clicks=0,
        add_to_cart_items=0,
        not_measured=untold,
    )


def _untold(ranged: Ranged) -> frozenset[str]:
    return of_channels(not_measured_of(ranged.reader, ranged.account.account_id), ranged.channels)


def _measured(reader: Reader, account: PublishedAccount, needed: Sequence[str]) -> tuple[MeasuredTold, ...]:
    """What is known of these figures; nothing where a version without them published."""
    if not reader.sees("metrics.measured", "figure"):
        return ()
    rows = reader.rows(MEASURED.format(account=literal(account.account_id)))
    return tuple(
        MeasuredTold(figure=figure, state=state, source=source, since=since.astimezone(UTC) if since else None)
        for figure, state, source, since in rows
        if figure in needed
    )


def _named(one: Metric) -> MetricNamed:
    return MetricNamed(metric=one.name, title=one.title, definition=one.definition, rules=one.rules, unit=one.unit)


def _short(account: PublishedAccount) -> AccountShort:
    return AccountShort(
        account=account.account_id, name=account.name, timezone=account.timezone, currency=account.currency
    )


def _told(reader: Reader, account: PublishedAccount, publication: Publication) -> AccountTold:
    today = account.day_of(publication.as_of)
    return AccountTold(**dict(_short(account)), today=today, channels=channels_of(reader, account))


def _state(publication: Publication) -> State:
    return State(
        publication_id=publication.publication_id,
        published_at=publication.published_at,
        as_of=publication.as_of,
        data_up_to=publication.data_up_to,
        contract_version=publication.contract_version,
    )
