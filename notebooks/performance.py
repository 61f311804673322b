"""The figures of the customer agent as a notebook for analysts: to look at, to change, and to ask in SQL.

`marimo edit notebooks/performance.py` opens it on the warehouse of the settings. The page for everybody else is
`agent-metrics dashboard`.
"""

import marimo

__generated_with = "0.25.2"
app = marimo.App(width="medium", app_title="Customer agent")

with app.setup:
    import altair as alt
    import marimo as mo
    import pandas as pd

    from flows import settings
    from flows.dashboard.periods import NAMES, START, chosen
    from flows.published.accounts import PublishedAccount, accounts
    from flows.published.performance import bars, key_figures
    from flows.warehouses import configured
    from flows.warehouses.publication import newest_publication


@app.cell
def _():
    # One publication for as long as the notebook is open.
    warehouse = configured(settings.load())[0]
    reading = warehouse.read()
    reader = reading.__enter__()
    publication, known = newest_publication(reader), accounts(reader)
    mo.md(f"Published {publication.published_at:%Y-%m-%d %H:%M} UTC, data up to {publication.data_up_to}")
    return known, publication, reader


@app.cell
def _(known):
    choose_account = mo.ui.dropdown({one.title: one for one in known}, value=known[0].title, label="Account")
    choose_dates = mo.ui.dropdown(
        {name: key for key, name in NAMES.items() if key != "any"}, value=NAMES[START], label="Dates"
    )
    mo.hstack([choose_account, choose_dates], justify="start")
    return choose_account, choose_dates


@app.cell
def _(choose_account, choose_dates, publication, reader):
    account: PublishedAccount = choose_account.value
    period = chosen(choose_dates.value, account.day_of(publication.as_of))
    figures = key_figures(reader, account, period.first, period.last)
    mo.ui.table(pd.DataFrame(figures.to_json_dict().items(), columns=["figure", str(period)]), selection=None)
    return account, figures, period


@app.cell
def _(account, period, reader):
    _rows = bars(reader, account, period.first, period.last, by="status")
    per_day = pd.DataFrame(
        [(one.first, one.group, one.conversations) for one in _rows], columns=["day", "status", "conversations"]
    )
    alt.Chart(per_day).mark_bar().encode(x="day:T", y="conversations:Q", color="status:N", tooltip=list(per_day))
    return (per_day,)


@app.cell
def _():
    query = mo.ui.code_editor("select * from metrics.daily_performance order by date desc limit 20", language="sql")
    query
    return (query,)


@app.cell
def _(query, reader):
    # The tables of the contract (contract/metrics.yml); the warehouse is opened for reading only.
    mo.ui.table(pd.DataFrame([batch for part in reader.batches(query.value) for batch in part.to_pylist()]))
    return


if __name__ == "__main__":
    app.run()
