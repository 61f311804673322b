"""The performance of the customer agent, from the published tables alone.

`agent-metrics dashboard` serves this notebook as a page. `marimo edit notebooks/performance.py` opens it as a notebook,
on the home and the warehouse of the settings.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Customer agent", css_file="performance.css")

with app.setup:
    from datetime import date

    import marimo as mo

    from flows.dashboard import address, building, controls, panels, periods, served, stack
    from flows.dashboard.address import Memory
    from flows.dashboard.periods import Period
    from flows.dashboard.shown import html
    from flows.dashboard.visit import Visit
    from flows.published import conversations, endings, events, evidence, notes, performance, waiting
    from flows.published.accounts import PublishedAccount
    from flows.published.filters import Filters


@app.cell
def _():
    # `memory` is the state of the page: every control begins with what it holds, and whatever is chosen goes into it
    # and into the address.
    _request = mo.app_meta().request
    visit: Visit = served.visit(_request.meta if _request else {})
    memory: Memory = address.remembered(mo.query_params().to_dict())
    get_renewals, renew_all = mo.state(0)
    get_wanted, renew_filters = mo.state(0)
    get_open, set_open = mo.state(memory.get("conversation"), allow_self_loops=True)
    get_drafted, set_drafted = mo.state(memory.get("draft"), allow_self_loops=True)
    _nowhere: controls.Places = {}
    get_places, set_places = mo.state(_nowhere, allow_self_loops=True)
    return (
        get_drafted,
        get_open,
        get_places,
        get_renewals,
        get_wanted,
        memory,
        renew_all,
        renew_filters,
        set_drafted,
        set_open,
        set_places,
        visit,
    )


@app.cell
def _(get_renewals, visit: Visit):
    # One publication for as long as the visitor looks at it.
    get_renewals()
    publication, accounts, _error = panels.standing(visit)
    panels.problem(_error, accounts)
    return accounts, publication


@app.cell
def _():
    watch = mo.ui.refresh(default_interval="15s")
    mo.Html(html("unseen", control=watch))
    return (watch,)


@app.cell
def _(publication, renew_all, visit: Visit, watch):
    # A newer publication is announced, not forced. One that was let go of for being idle is shown whole again.
    _ = watch.value
    visit.rest()
    if publication and visit.has_moved(publication):
        renew_all(lambda count: count + 1)

    def _show(_):
        visit.renew()
        renew_all(lambda count: count + 1)

    renew = mo.ui.button(label="Show it", on_change=_show)
    panels.news(visit.newest(), publication, renew)
    return (renew,)


@app.cell
def _(accounts, memory: Memory, visit: Visit):
    mo.stop(not accounts)
    choose_account, choose_dates, choose_channel = (
        controls.accounts(accounts, memory),
        controls.dates(memory),
        controls.channel(performance.channels_of(visit.reader, *accounts), memory),
    )
    mo.hstack(
        [mo.Html(html("page")), choose_account, choose_dates, choose_channel], justify="start", align="end", wrap=True
    )
    return choose_account, choose_channel, choose_dates


@app.cell
def _(accounts, choose_account, memory: Memory, publication):
    account: PublishedAccount = next(_one for _one in accounts if _one.account_id == choose_account.value)
    today: date = account.day_of(publication.as_of)
    choose_range = controls.any_range(memory, today)
    return account, choose_range, today


@app.cell
def _(choose_dates, choose_range):
    choose_range if choose_dates.value == "any" else None
    return


@app.cell
def _(account: PublishedAccount, choose_channel, choose_dates, choose_range, publication, today: date):
    period: Period = periods.chosen(choose_dates.value, today, choose_range.value)
    channels: tuple[str, ...] = (choose_channel.value,) if choose_channel.value else ()
    panels.freshness(publication, account)
    return channels, period


@app.cell
def _(
    account: PublishedAccount,
    channels: tuple[str, ...],
    memory: Memory,
    period: Period,
    renew_filters,
    visit: Visit,
):
    # The key figures, and those of the period before.
    _now = performance.key_figures(visit.reader, account, period.first, period.last, channels)
    _was = performance.key_figures(visit.reader, account, *period.before, channels)
    _bars = performance.bars(visit.reader, account, period.first, period.last, by="status", channels=channels)
    rows_of_figures = controls.rows_of_figures(memory, renew_filters)
    panels.key_figures(_now, _was, account, period=period, bars=_bars, rows=rows_of_figures)
    return (rows_of_figures,)


@app.cell
def _(account: PublishedAccount, period: Period, publication, visit: Visit):
    mo.Html(html("notes", notes=notes.notes(visit.reader, account, publication, period.first, period.last)))
    return


@app.cell
def _(memory: Memory):
    choose_group = controls.group(memory)
    return (choose_group,)


@app.cell
def _(choose_group, period: Period):
    mo.hstack([panels.chart_title(period), choose_group], wrap=True)
    return


@app.cell
def _(
    account: PublishedAccount,
    channels: tuple[str, ...],
    choose_group,
    memory: Memory,
    period: Period,
    publication,
    renew_filters,
    visit: Visit,
):
    _by = choose_group.value
    _bars = performance.bars(visit.reader, account, period.first, period.last, by=_by, channels=channels)

    def _choose(bar):
        address.want(memory, renew_filters, **controls.rows_of_bar(_by, bar))

    chart = panels.chart(stack.stacked(_bars, _by, period.first, period.last), _by, account, publication, _choose)
    chart
    return (chart,)


@app.cell
def _(account: PublishedAccount, channels: tuple[str, ...], period: Period, visit: Visit):
    _skills = endings.skill_endings(visit.reader, account, period.first, period.last, channels)
    skills = mo.Html(html("skills", skills=_skills))
    return (skills,)


@app.cell
def _(account: PublishedAccount, memory: Memory, renew_filters, set_drafted, visit: Visit):
    # What the published articles do not answer.
    gaps, of_topics = panels.gaps(
        visit.reader,
        account,
        lambda topics, products: controls.of_topics(topics, products, memory, renew_filters, set_drafted),
    )
    return gaps, of_topics


@app.cell
def _(gaps, skills):
    mo.Html(html("halves", left=skills, right=gaps))
    return


@app.cell
def _(account: PublishedAccount, get_drafted, set_drafted, visit: Visit):
    close_draft = mo.ui.button(label="Close", on_change=lambda _: set_drafted(None))
    draft = panels.drafted(visit.reader, account, get_drafted(), close_draft)
    draft
    return close_draft, draft


@app.cell
def _(memory: Memory):
    choose_handoffs_by = controls.handoffs_by(memory)
    mo.hstack([panels.title("handoffs", "Hand-offs"), choose_handoffs_by], justify="start", align="end", wrap=True)
    return (choose_handoffs_by,)


@app.cell
def _(account: PublishedAccount, channels: tuple[str, ...], choose_handoffs_by, period: Period, visit: Visit):
    mo.vstack(
        [
            panels.handoffs(visit.reader, account, period, channels, choose_handoffs_by.value),
            panels.refused(account, channels, served.REFUSED, with_reasons=visit.access.texts),
        ]
    )
    return


@app.cell
def _(
    account: PublishedAccount,
    channels: tuple[str, ...],
    get_places,
    publication,
    set_open,
    set_places,
    visit: Visit,
):
    mo.stop(not waiting.are_published(visit.reader))
    _waits = waiting.count(visit.reader, account, channels)
    _at = controls.place(get_places(), "waiting", channels, _waits.total)
    _waiting = waiting.page(visit.reader, account, channels, offset=_at, limit=controls.FEW)
    open_waiting = controls.opening(_waiting, set_open)
    turn_waiting = controls.turning("waiting", channels, _at, _waits.total, rows=controls.FEW, go=set_places)
    panels.waiting(
        _waiting, waits=_waits, account=account, publication=publication, buttons=open_waiting, turn=turn_waiting
    )
    return open_waiting, turn_waiting


@app.cell
def _(account: PublishedAccount, visit: Visit):
    mo.vstack(
        [
            panels.title("audiences", "Audiences"),
            panels.audiences(visit.reader, account),
            panels.deliveries(account, served.DELIVERIES),
        ]
    )
    return


@app.cell
def _(account: PublishedAccount, publication, visit: Visit):
    # A segment of one's own: what is chosen, how many it has, and its file to keep.
    chosen = building.controls(visit.reader, account, publication)
    mo.accordion({"Make a segment": building.laid_out(chosen)})
    return (chosen,)


@app.cell
def _(account: PublishedAccount, chosen, publication, visit: Visit):
    made = building.shown_segment(visit.reader, account, publication, chosen.value)
    made
    return (made,)


@app.cell
def _():
    panels.title("conversations", "Conversations")
    return


@app.cell
def _(account: PublishedAccount, get_wanted, memory: Memory, visit: Visit):
    get_wanted()
    asked = controls.filters(visit.reader, account, memory)
    narrowed: Memory = controls.narrowed(memory)
    return asked, narrowed


@app.cell
def _(asked, memory: Memory, renew_filters):
    no_filters = mo.ui.button(label="Clear filters", on_change=lambda _: address.want(memory, renew_filters))
    panels.filters(asked, no_filters)
    return (no_filters,)


@app.cell
def _(asked, channels: tuple[str, ...], narrowed: Memory, period: Period):
    filters: Filters
    filters, _error = controls.filters_or_error(asked.value, period, channels, narrowed)
    panels.narrowed(_error, filters, period)
    return (filters,)


@app.cell
def _(account: PublishedAccount, asked, filters: Filters, get_places, set_open, set_places, visit: Visit):
    _total = conversations.count(visit.reader, account, filters)
    _at = controls.place(get_places(), "conversations", filters, _total)
    _rows = conversations.page(
        visit.reader, account, filters, order=asked.value["order"], offset=_at, limit=controls.PAGE
    )
    open_row = controls.opening(_rows, set_open)
    turn = controls.turning("conversations", filters, _at, _total, rows=controls.PAGE, go=set_places)
    listed = panels.conversation_list(
        _rows, at=_at, total=_total, account=account, filters=filters, buttons=open_row, turn=turn
    )
    return listed, open_row, turn


@app.cell
def _(account: PublishedAccount, get_open, set_open, visit: Visit):
    close = mo.ui.button(label="Close", on_change=lambda _: set_open(None))
    opened = panels.opened(visit.reader, account, get_open(), close)
    return close, opened


@app.cell
def _(listed, opened):
    panels.beside(listed, opened)
    return


@app.cell
def _(memory: Memory):
    choose_event = controls.event(memory)
    mo.hstack([panels.title("events", "Events"), choose_event], justify="start", align="end", wrap=True)
    return (choose_event,)


@app.cell
def _(
    account: PublishedAccount,
    channels: tuple[str, ...],
    choose_event,
    get_places,
    period: Period,
    publication,
    set_open,
    set_places,
    visit: Visit,
):
    _event, _of = choose_event.value, (choose_event.value, period, channels)
    _counts = events.counts(visit.reader, account, _event, period.first, period.last, channels=channels)
    _total = sum(_count for _, _count in _counts)
    _at = controls.place(get_places(), "events", _of, _total)
    _feed = events.feed(
        visit.reader, account, _event, period.first, period.last, channels=channels, offset=_at, limit=controls.FEW
    )
    open_event = controls.opening(_feed, set_open)
    turn_feed = controls.turning("events", _of, _at, _total, rows=controls.FEW, go=set_places)
    panels.feed(_feed, _counts, account, publication, event=_event, buttons=open_event, turn=turn_feed)
    return open_event, turn_feed


@app.cell
def _():
    panels.title("sales", "Sales evidence")
    return


@app.cell
def _(
    account: PublishedAccount,
    channels: tuple[str, ...],
    get_places,
    period: Period,
    set_open,
    set_places,
    visit: Visit,
):
    # The order lines behind the figure, and the touch and the conversation behind each.
    _totals = evidence.totals(visit.reader, account, period.first, period.last, channels)
    _at = controls.place(get_places(), "sales", (period, channels), _totals.lines)
    _lines = evidence.lines(visit.reader, account, period.first, period.last, channels, offset=_at, limit=controls.FEW)
    open_line = controls.opening(_lines, set_open)
    turn_lines = controls.turning("sales", (period, channels), _at, _totals.lines, rows=controls.FEW, go=set_places)
    panels.sales(_lines, _totals, account, buttons=open_line, turn=turn_lines)
    return open_line, turn_lines


@app.cell
def _(
    account: PublishedAccount,
    asked,
    choose_channel,
    choose_event,
    choose_group,
    choose_handoffs_by,
    filters: Filters,
    get_drafted,
    get_open,
    memory: Memory,
    period: Period,
):
    # Every state has an address.
    address.remember(
        memory,
        mo.query_params(),
        filters,
        period,
        account=account.account_id,
        dates=period.to_query(),
        channel=choose_channel.value,
        by=choose_group.value,
        handoffs_by=choose_handoffs_by.value,
        event=choose_event.value,
        conversation=get_open(),
        draft=get_drafted(),
        order=asked.value["order"],
    )
    return


if __name__ == "__main__":
    app.run()
