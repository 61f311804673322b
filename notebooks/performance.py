"""The performance of the customer agent, from the published tables alone.

`agent-metrics dashboard` serves this notebook as a page. `marimo edit notebooks/performance.py` opens it as a notebook,
on the home and the warehouse of the settings.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="full", app_title="Customer agent", css_file="performance.css")

with app.setup:
    import marimo as mo

    from flows.dashboard import address, controls, panels, periods, served, stack
    from flows.dashboard.shown import html
    from flows.published import conversations, endings, events, evidence, notes, performance


@app.cell
def _():
    # `memory` is the state of the page: every control begins with what it holds, and whatever is chosen goes into it
    # and into the address.
    _request = mo.app_meta().request
    visit = served.visit(_request.meta if _request else {})
    memory = address.remembered(mo.query_params().to_dict())
    get_renewals, renew_all = mo.state(0)
    get_wanted, renew_filters = mo.state(0)
    get_open, set_open = mo.state(memory.get("conversation"), allow_self_loops=True)
    get_drafted, set_drafted = mo.state(memory.get("draft"), allow_self_loops=True)
    get_places, set_places = mo.state({}, allow_self_loops=True)
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
def _(get_renewals, visit):
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
def _(publication, renew_all, visit, watch):
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
def _(accounts, memory):
    mo.stop(not accounts)
    choose_account, choose_dates, choose_channel = (
        controls.accounts(accounts, memory),
        controls.dates(memory),
        controls.channel(memory),
    )
    mo.hstack(
        [mo.Html(html("page")), choose_account, choose_dates, choose_channel], justify="start", align="end", wrap=True
    )
    return choose_account, choose_channel, choose_dates


@app.cell
def _(accounts, choose_account, memory, publication):
    account = next(_one for _one in accounts if _one.account_id == choose_account.value)
    today = account.day_of(publication.as_of)
    choose_range = controls.any_range(memory, today)
    return account, choose_range, today


@app.cell
def _(choose_dates, choose_range):
    choose_range if choose_dates.value == "any" else None
    return


@app.cell
def _(account, choose_channel, choose_dates, choose_range, publication, today):
    period = periods.chosen(choose_dates.value, today, choose_range.value)
    channels = (choose_channel.value,) if choose_channel.value else ()
    panels.freshness(publication, account)
    return channels, period


@app.cell
def _(account, channels, memory, period, renew_filters, visit):
    # The key figures, and those of the period before.
    _now = performance.key_figures(visit.reader, account, period.first, period.last, channels)
    _was = performance.key_figures(visit.reader, account, *period.before, channels)
    _bars = performance.bars(visit.reader, account, period.first, period.last, by="status", channels=channels)
    rows_of_figures = controls.rows_of_figures(memory, renew_filters)
    panels.key_figures(_now, _was, account, period=period, bars=_bars, rows=rows_of_figures)
    return (rows_of_figures,)


@app.cell
def _(account, period, publication, visit):
    mo.Html(html("notes", notes=notes.notes(visit.reader, account, publication, period.first, period.last)))
    return


@app.cell
def _(memory):
    choose_group = controls.group(memory)
    return (choose_group,)


@app.cell
def _(choose_group, period):
    mo.hstack([panels.chart_title(period), choose_group], wrap=True)
    return


@app.cell
def _(account, channels, choose_group, memory, period, publication, renew_filters, visit):
    _by = choose_group.value
    _bars = performance.bars(visit.reader, account, period.first, period.last, by=_by, channels=channels)

    def _choose(bar):
        address.want(memory, renew_filters, **controls.rows_of_bar(_by, bar))

    chart = panels.chart(stack.stacked(_bars, _by, period.first, period.last), _by, account, publication, _choose)
    chart
    return (chart,)


@app.cell
def _(account, channels, period, visit):
    _skills = endings.skill_endings(visit.reader, account, period.first, period.last, channels)
    skills = mo.Html(html("skills", skills=_skills))
    return (skills,)


@app.cell
def _(account, memory, renew_filters, set_drafted, visit):
    # What the published articles do not answer.
    gaps, of_topics = panels.gaps(
        visit.reader, account, lambda topics: controls.of_topics(topics, memory, renew_filters, set_drafted)
    )
    return gaps, of_topics


@app.cell
def _(gaps, skills):
    mo.Html(html("halves", left=skills, right=gaps))
    return


@app.cell
def _(account, get_drafted, set_drafted, visit):
    close_draft = mo.ui.button(label="Close", on_change=lambda _: set_drafted(None))
    draft = panels.drafted(visit.reader, account, get_drafted(), close_draft)
    draft
    return close_draft, draft


@app.cell
def _():
    panels.title("conversations", "Conversations")
    return


@app.cell
def _(account, get_wanted, memory, visit):
    get_wanted()
    asked = controls.filters(visit.reader, account, memory)
    narrowed = controls.narrowed(memory)
    return asked, narrowed


@app.cell
def _(asked, memory, renew_filters):
    no_filters = mo.ui.button(label="Clear filters", on_change=lambda _: address.want(memory, renew_filters))
    panels.filters(asked, no_filters)
    return (no_filters,)


@app.cell
def _(asked, channels, narrowed, period):
    filters, _error = controls.filters_or_error(asked.value, period, channels, narrowed)
    panels.narrowed(_error, filters, period)
    return (filters,)


@app.cell
def _(account, asked, filters, get_places, set_open, set_places, visit):
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
def _(account, get_open, set_open, visit):
    close = mo.ui.button(label="Close", on_change=lambda _: set_open(None))
    opened = panels.opened(visit.reader, account, get_open(), close)
    return close, opened


@app.cell
def _(listed, opened):
    panels.beside(listed, opened)
    return


@app.cell
def _(memory):
    choose_event = controls.event(memory)
    mo.hstack([panels.title("events", "Events"), choose_event], justify="start", align="end", wrap=True)
    return (choose_event,)


@app.cell
def _(account, channels, choose_event, get_places, period, publication, set_open, set_places, visit):
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
def _(account, channels, get_places, period, set_open, set_places, visit):
    # The order lines behind the figure, and the touch and the conversation behind each.
    _totals = evidence.totals(visit.reader, account, period.first, period.last, channels)
    _at = controls.place(get_places(), "sales", (period, channels), _totals.lines)
    _lines = evidence.lines(visit.reader, account, period.first, period.last, channels, offset=_at, limit=controls.FEW)
    open_line = controls.opening(_lines, set_open)
    turn_lines = controls.turning("sales", (period, channels), _at, _totals.lines, rows=controls.FEW, go=set_places)
    panels.sales(_lines, _totals, account, buttons=open_line, turn=turn_lines)
    return open_line, turn_lines


@app.cell
def _(account, asked, choose_channel, choose_event, choose_group, filters, get_drafted, get_open, memory, period):
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
        event=choose_event.value,
        conversation=get_open(),
        draft=get_drafted(),
        order=asked.value["order"],
    )
    return


if __name__ == "__main__":
    app.run()
