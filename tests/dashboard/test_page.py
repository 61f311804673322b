"""The page as people see it, in a real browser: every click shows what it did, and the figures are the tables'."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from flows import jobs
from flows.audiences import read
from flows.dashboard.language import language
from flows.dashboard.look import SECTIONS
from flows.dashboard.periods import NAMES
from flows.delivery.delivered import Delivered
from flows.delivery.ledger import Ledger
from flows.demo import write_shop
from flows.ground.home import Home
from flows.published import waiting
from flows.published.accounts import PublishedAccount, accounts
from flows.published.figures import RATES
from flows.published.handoffs import handoffs, handoffs_by
from flows.published.open_gaps import open_gaps
from flows.published.report import Report, report
from flows.published.segment_counted import counted
from flows.published.segments import segments
from flows.settings.requests import PublishRequest, RunRequest
from flows.warehouses.duckdb import DuckDBFile
from tests.conftest import write_rows
from tests.dashboard.browser import AS_OF, CANARY, HOSTILE, PATIENCE, Visitor, built_shop, chromium, served
from tests.warehouses import servers

TODAY = date(2026, 6, 7)
RANGES = {
    "7": (TODAY - timedelta(days=6), TODAY),
    "30": (TODAY - timedelta(days=29), TODAY),
    "90": (TODAY - timedelta(days=89), TODAY),
    "month": (date(2026, 6, 1), TODAY),
    "2026-05-13..2026-05-13": (date(2026, 5, 13), date(2026, 5, 13)),
    "2025-01-01..2025-01-31": (date(2025, 1, 1), date(2025, 1, 31)),
}
PATHS = ["" if one == "overview" else one for one in SECTIONS]
SAY = language("en")
Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return built_shop(tmp_path_factory.mktemp("dashboard"))


@pytest.fixture(scope="module")
def address(home: Home) -> Iterator[str]:
    with served(home) as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    """A visitor of the page, or of another address."""
    visitors: list[Visitor] = []

    def come(at: str = address, **options: Any) -> Visitor:
        visitors.append(Visitor(browser, at, **options))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.close()


def told(home: Home, account: str, first: date, last: date) -> Report:
    with DuckDBFile(home).read() as reader:
        return report(reader, account, first, last)


def rows(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with DuckDBFile(home).read() as reader:
        return reader.rows(sql)


def of_id(home: Home, key: str) -> PublishedAccount:
    with DuckDBFile(home).read() as reader:
        return next(one for one in accounts(reader) if one.account_id == key)


def figures(visitor: Visitor) -> dict[str, str]:
    return {
        key: visitor.figure(key) for key in ("volume", *RATES_SHOWN, "unanswered", "sales", "orders", "carts", "clicks")
    }


RATES_SHOWN = tuple(rate.name for rate in RATES if rate.name != "unanswered_rate")


def expected(one: Report) -> dict[str, str]:
    def money(amount: Decimal | None) -> str:
        return SAY.money(amount, one.currency)

    return {
        "volume": f"{one.conversations.volume:,}",
        **{rate.name: SAY.percent(rate.of(one.conversations)) for rate in RATES if rate.name in RATES_SHOWN},
        "unanswered": f"{one.conversations.unanswered:,}",
        "sales": money(one.attributed_revenue),
        "orders": money(one.average_order_value),
        "carts": f"{one.add_to_cart_items:,}",
        "clicks": f"{one.link_clicks:,}",
    }


def listed(page: Page) -> int:
    """How many conversations the list says that there are."""
    found = re.match(r"[\d,]+", page.locator("#list-title").inner_text())
    assert found
    return int(found[0].replace(",", ""))


@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_key_figures_are_those_of_the_report(home: Home, visit: Visit, account: str) -> None:
    visitor = visit()
    for dates, (first, last) in RANGES.items():
        visitor.open(account=account, dates=dates)
        assert figures(visitor) == expected(told(home, account, first, last)), dates


def test_what_is_chosen_stands_in_the_address_and_a_colleague_sees_the_same(home: Home, visit: Visit) -> None:
    page = visit().open(account="aurora", dates="30")
    page.get_by_label("Dates").select_option(label=NAMES["7"])
    page.wait_for_url("**dates=7**")
    page.get_by_label("Account").select_option(label="Nordlicht Outdoor")
    page.wait_for_url("**account=nordlicht**")
    wanted = expected(told(home, "nordlicht", *RANGES["7"]))
    expect(page.locator("[data-figure=sales] .value")).to_have_text(wanted["sales"])
    page.get_by_label("Dates").select_option(label=NAMES["any"])
    page.get_by_label("From").fill("2026-05-13")
    page.get_by_label("to", exact=True).fill("2026-05-13")
    page.get_by_label("to", exact=True).press("Enter")
    page.wait_for_url("**dates=2026-05-13..2026-05-13**")
    again = visit()
    again.page.goto(page.url)
    assert figures(again) == expected(told(home, "nordlicht", date(2026, 5, 13), date(2026, 5, 13)))


def test_a_channel_limits_figures_and_lists(home: Home, visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(account="aurora", dates="30", channel="sms")
    ((volume,),) = rows(
        home,
        "select count(*) from metrics.conversations where account_id = 'aurora' and channel = 'sms'"
        " and started_on between '2026-05-09' and '2026-06-07'",
    )
    assert visitor.figure("volume") == f"{volume:,}"
    page.get_by_role("link", name="Conversations", exact=True).click()
    page.wait_for_url("**/conversations?**channel=sms**")
    assert listed(page) == volume
    assert set(page.locator("table.conversations td:nth-child(3)").all_inner_texts()) == {"SMS"}


@pytest.mark.parametrize("key", ["volume", "ended_resolution_rate", "ended_unresolved_rate", "unanswered"])
def test_a_figure_leads_to_the_conversations_that_it_counts(home: Home, visit: Visit, key: str) -> None:
    """The 822 conversations that were still open led nowhere, and hid that 549 shoppers never got an answer."""
    found = told(home, "aurora", *RANGES["30"]).conversations
    counts = {
        "volume": found.volume,
        "ended_resolution_rate": found.resolved,
        "ended_unresolved_rate": found.routed + found.closed,
        "unanswered": found.unanswered,
    }
    page = visit().open(account="aurora", dates="30")
    page.locator(f"[data-figure={key}] .value a").click()
    page.wait_for_url("**/conversations?**")
    assert listed(page) == counts[key] > 0
    chips = page.locator(".chips li:not(.all)")
    if key == "volume":
        expect(chips).to_have_count(0)
        return
    expect(chips).to_have_count(1)
    page.get_by_role("link", name="Take off").click()
    expect(chips).to_have_count(0)
    assert listed(page) == found.volume


def test_running_is_not_unanswered_and_a_range_that_is_not_over_says_so(home: Home, visit: Visit) -> None:
    found = told(home, "aurora", *RANGES["7"]).conversations
    assert found.running > 0
    page = visit().open(account="aurora", dates="7")
    expect(page.locator("[data-figure=volume]")).to_contain_text(f"{found.running:,} still running")
    expect(page.locator("h1")).to_contain_text("until")
    ((running,),) = rows(
        home,
        "select count(distinct status) from metrics.conversations"
        " where account_id = 'aurora' and started_on = '2026-06-07'",
    )
    expect(page.locator(".piece.running")).to_have_count(running)
    page = visit().open(account="aurora", dates="2026-06-01..2026-06-06")
    expect(page.locator("h1")).not_to_contain_text("until")
    expect(page.locator(".piece.running")).to_have_count(0)


def test_the_chart_is_grouped_by_what_is_chosen_and_a_bar_leads_to_its_conversations(home: Home, visit: Visit) -> None:
    page = visit().open(account="aurora", dates="30")
    for group in ("channel", "tag", "status"):
        page.get_by_label("Grouped by").get_by_role("link", name=group).click()
        page.wait_for_url(f"**by={group}**")
        expect(page.get_by_label("Grouped by").locator("[aria-current]")).to_have_text(group)
    bar = page.locator(".chart a").nth(20)
    says = bar.get_attribute("aria-label") or ""
    bar.click()
    page.wait_for_url("**statuses=**")
    assert listed(page) == int(says.rpartition(": ")[2].replace(",", "")) > 0
    expect(page.locator(".chips")).to_contain_text("started")


def test_a_search_finds_over_all_conversations_and_pages_follow(home: Home, visit: Visit) -> None:
    page = visit().open("conversations", account="aurora", dates="90")
    of = "account_id = 'aurora' and started_on between '2026-03-10' and '2026-06-07'"
    ((total,),) = rows(home, f"select count(*) from metrics.conversations where {of}")
    assert listed(page) == total
    page.get_by_role("link", name="Next").click()
    expect(page.locator(".turn")).to_contain_text(f"26 to 50 of {total:,}")
    ((found,),) = rows(
        home,
        f"""select count(distinct conversation_id) from metrics.messages inner join metrics.conversations
        using (account_id, conversation_id) where {of} and contains(lower(text), 'pedido')""",
    )
    assert 0 < found < total
    page.get_by_label("Search").fill("PEDIDO")
    page.wait_for_url("**PEDIDO**")
    expect(page.locator("#list-title")).to_contain_text(f"{found:,} conversation")
    expect(page.get_by_label("Search")).to_be_focused()
    expect(page.locator("table.conversations mark").first).to_have_text(re.compile("pedido", re.IGNORECASE))


def test_a_row_opens_its_thread_escape_closes_it_and_back_goes_back(home: Home, visit: Visit) -> None:
    ((conversation, count),) = rows(
        home,
        "select conversation_id, message_count from metrics.conversations"
        " where account_id = 'aurora' and attributed_orders > 0 and handoff_method is null"
        " order by started_at desc limit 1",
    )
    page = visit().open("conversations", account="aurora", dates="90", search=conversation)
    row = page.locator(f"tr[data-conversation='{conversation}']")
    row.click()
    thread = page.locator(f"article.thread[data-conversation='{conversation}']")
    expect(thread).to_be_visible()
    expect(page.locator("#panel")).to_be_focused()
    texts = rows(
        home,
        "select text from metrics.messages where account_id = 'aurora'"
        f" and conversation_id = '{conversation}' order by position",
    )
    assert len(texts) >= count
    assert [one.inner_text() for one in thread.locator("li.message p.text").all()] == [text for (text,) in texts]
    lines = rows(
        home,
        "select order_id, revenue from metrics.attributed_order_lines where account_id = 'aurora'"
        f" and conversation_id = '{conversation}'",
    )
    bought = thread.locator("ul.bought").inner_text()
    for order, revenue in lines:
        assert order in bought
        assert SAY.money(revenue, "BRL") in bought
    page.wait_for_url(f"**conversation={conversation}**")
    page.keyboard.press("Escape")
    expect(thread).to_have_count(0)
    expect(row.locator("a.row")).to_be_focused()
    assert "conversation=" not in page.url
    page.go_back()
    expect(thread).to_be_visible()
    page.go_back()
    expect(thread).to_have_count(0)


def test_sales_lead_down_to_order_lines_touch_and_conversation(home: Home, visit: Visit) -> None:
    one = told(home, "aurora", *RANGES["30"])
    page = visit().open(account="aurora", dates="30")
    page.locator("[data-figure=sales] .value a").click()
    page.wait_for_url("**/sales?**")
    title = page.locator("#list-title")
    expect(title).to_contain_text(SAY.money(one.attributed_revenue, "BRL"))
    expect(title).to_contain_text(f"{one.attributed_orders:,} order")
    row = page.locator("table.sales tbody tr[data-line]").first
    line = row.get_attribute("data-line")
    ((conversation,),) = rows(
        home, f"select conversation_id from metrics.attributed_order_lines where order_line_id = '{line}'"
    )
    row.click()
    expect(page.locator(f"article.thread[data-conversation='{conversation}']")).to_be_visible()


def test_events_are_counted_and_fed(home: Home, visit: Visit) -> None:
    page = visit().open(account="aurora", dates="30")
    told = page.locator("[data-figure=events] .value").inner_text()
    page.locator("[data-figure=events] .value a").click()
    expect(page.locator("#list-title")).to_have_text(f"{told} events")
    for event, name in rows(home, "select distinct event, event_name from metrics.agent_events"):
        page.locator("main [name=event]").select_option(label=name)
        page.wait_for_url(f"**event={event}**")
        ((count,),) = rows(
            home,
            f"""select count(*) from metrics.agent_events where account_id = 'aurora' and event = '{event}'
            and cast(timezone('America/Sao_Paulo', occurred_at) as date) between '2026-05-09' and '2026-06-07'""",
        )
        expect(page.locator("#list-title")).to_have_text(f"{count:,} events")


def test_gaps_lead_to_their_conversations_and_to_a_draft(home: Home, visit: Visit, tmp_path: Path) -> None:
    with DuckDBFile(home).read() as reader:
        _, gaps = open_gaps(reader, "aurora", 1000)
    page = visit().open(account="aurora", dates="90")
    first = page.locator(".gaps li").first
    topic, question = first.get_attribute("data-topic"), first.locator("p").first.inner_text()
    first.get_by_role("link", name="Conversations").click()
    page.wait_for_url(f"**topic={topic}**")
    expect(page.locator(".chips")).to_contain_text("asked about: ")
    assert topic
    assert topic not in page.locator("main").inner_text()
    page.go_back()
    page.locator(".gaps li").first.get_by_role("link", name="Add knowledge").click()
    page.wait_for_url(f"**/knowledge?**draft={topic}**")
    expect(page.locator("table.topics tbody tr[data-topic]")).to_have_count(min(25, len(gaps)))
    draft = page.get_by_label("Draft of an article").last
    assert "## Questions to answer" in draft.input_value()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy", exact=True).first.click()
    expect(page.get_by_role("button", name="✓")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == draft.input_value()
    with page.expect_download() as saving:
        page.get_by_role("link", name="Markdown").click()
    saving.value.save_as(tmp_path / "article.md")
    assert (tmp_path / "article.md").read_text("utf-8").strip() == draft.input_value().strip()
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_have_count(0)
    assert question in page.locator("table.topics").inner_text()


def test_the_export_has_all_filtered_rows(home: Home, visit: Visit, tmp_path: Path) -> None:
    page = visit().open("conversations", account="aurora", dates="90", statuses="routed,closed")
    with page.expect_download() as saving:
        page.get_by_role("link", name="Export as CSV").click()
    saving.value.save_as(tmp_path / "conversations.csv")
    with (tmp_path / "conversations.csv").open(encoding="utf-8-sig", newline="") as file:
        found = {row["conversation_id"] for row in csv.DictReader(file)}
    wanted = rows(
        home,
        "select conversation_id from metrics.conversations where account_id = 'aurora'"
        " and status in ('routed', 'closed') and started_on between '2026-03-10' and '2026-06-07'",
    )
    assert found == {one for (one,) in wanted}


DELIVERIES = """
[[accounts]]
account_id = "nordlicht"
name = "Nordlicht Outdoor"
timezone = "Europe/Berlin"
currency = "EUR"
language = "de"

[accounts.deliveries.klaviyo]
segments = ["escalated_7_days"]

[accounts.deliveries.folder]
path = "files"
events = true
"""


def test_deliveries_and_refused_hand_offs_stand_with_what_should_be_looked_at(
    home: Home, visit: Visit, tmp_path: Path
) -> None:
    """Nobody learned of them who does not look into the commands. The account's language is German."""
    settings = tmp_path / "agent-metrics.toml"
    settings.write_text(DELIVERIES, "utf-8")
    with DuckDBFile(home).read() as reader:
        (waits, *_) = waiting.page(reader, of_id(home, "nordlicht"))
    values = "values ('nordlicht', ?, ?, 'zendesk', 'ticket', ?, 'refused', 1, null, ?, null, '<b>suspended</b>')"
    instants = ("2026-06-07T10:00:00.000000Z",) * 2
    with Ledger(home.deliveries) as ledger:
        Delivered("nordlicht", "folder", "event", outcome="failed", error="disk <full>").note(ledger)
        ledger.run(f"insert into handoffs {values}", waits.conversation_id, waits.channel, *instants)
    try:
        with served(home, "--config", str(settings)) as address:
            page = visit(address).open("audiences", account="nordlicht")
            assert page.locator("html").get_attribute("lang") == "de"
            rows_ = page.locator("table.deliveries tbody tr")
            expect(rows_).to_have_count(2)
            expect(rows_.nth(0)).to_contain_text("In den letzten 7 Tagen eskaliert")  # as in the list of segments
            expect(rows_.nth(1)).to_contain_text("im Wortlaut: „disk <full>“")
            page = visit(address).open("hand-offs", account="nordlicht", language="en")
            row = page.locator("table.refused tbody tr")
            expect(row).to_have_count(1)
            expect(row).to_contain_text("<b>suspended</b>")
            row.get_by_role("link", name=waits.conversation_id).click()
            page.wait_for_url(f"**conversation={waits.conversation_id}**")
            expect(page.locator("article.thread")).to_be_visible()
            expect(visit(address).open("audiences", account="aurora").locator("table.deliveries")).to_have_count(0)
            expect(visit(address).open("hand-offs", account="aurora").locator("table.refused")).to_have_count(0)
    finally:
        home.deliveries.unlink()


def test_segments_stand_with_their_size_and_their_rule_in_words(home: Home, visit: Visit) -> None:
    page = visit().open("audiences", account="nordlicht")
    with DuckDBFile(home).read() as reader:
        found = segments(reader, "nordlicht").segments
    listed_ = page.locator("table.audiences tbody tr[data-segment]")
    expect(listed_).to_have_count(len(found))
    assert sum(one.member_count for one in found) > 0

    def count(number: int | None, unknown: str) -> str:
        return unknown if number is None else f"{number:,}"

    for at, one in enumerate(found):
        expect(listed_.nth(at)).to_have_attribute("data-segment", one.segment)
        reach = [count(reached, "not known") for reached in (one.reachable_by_email, one.reachable_by_sms)]
        held_back = count(one.held_back, "switched off")
        wanted = [f"{one.member_count:,}", *reach, held_back, "first counted Jun 7, 2026", f"{one.anonymous_count:,}"]
        expect(listed_.nth(at).locator("td.figure")).to_contain_text(wanted)
    listed_.first.locator("summary").click()
    expect(listed_.first.locator("li").first).to_have_text(str(found[0].rule()[0]))


def test_hand_offs_stand_with_what_came_of_them_and_who_waits_the_longest(home: Home, visit: Visit) -> None:
    page = visit().open("hand-offs", account="aurora", dates="90")
    account = of_id(home, "aurora")
    with DuckDBFile(home).read() as reader:
        found = handoffs(reader, "aurora", *RANGES["90"])
        grouped = {by: handoffs_by(reader, "aurora", *RANGES["90"], by=by) for by in ("reason", "channel")}
        who_waits = waiting.page(reader, account)
        waits = waiting.count(reader, account)
    assert found
    assert found.count > 20
    assert who_waits
    for outcome, count in found.by_outcome.items():
        row = page.locator(f"table.handoffs tr[data-outcome={outcome}]")
        if count:
            expect(row.locator("td.figure").first).to_have_text(f"{count:,}")
            expect(row.locator("td.figure").nth(1)).to_have_text(SAY.percent(count / found.count))
    expect(page.locator("#list-title")).to_contain_text(f"{waits.waiting:,} shopper")
    groups = page.locator("table.handoffs-by tbody tr")
    for by, wanted in grouped.items():
        page.get_by_label("Grouped by").get_by_role("link", name=by).click()
        page.wait_for_url(f"**by={by}**")
        expect(groups).to_have_count(len(wanted))
        for at, one in enumerate(wanted):
            expect(groups.nth(at)).to_have_attribute("data-key", one.key)
            of = one.handoffs
            cells = [f"{of.count:,}", SAY.percent(of.share("answered"))]
            cells += [f"{of.by_outcome['waiting']:,}", f"{of.by_outcome['lost']:,}"]
            cells.append(SAY.duration(of.median_minutes_to_reply))
            if found.has_business_hours:
                cells.append(SAY.duration(of.median_business_minutes_to_reply))
            expect(groups.nth(at).locator("td.figure")).to_have_text(cells)
    listed_ = page.locator("table.waiting tbody tr[data-conversation]")
    expect(listed_).to_have_count(len(who_waits))
    for at, who in enumerate(who_waits):
        expect(listed_.nth(at)).to_have_attribute("data-conversation", who.conversation_id)
        expect(listed_.nth(at)).to_contain_text(SAY.instant(account.local(who.since)))
    listed_.first.click()
    page.wait_for_url(f"**conversation={who_waits[0].conversation_id}**")
    expect(page.locator(".thread")).to_be_visible()


def test_a_segment_is_made_of_what_there_is_and_counted_at_once(home: Home, visit: Visit, tmp_path: Path) -> None:
    page = visit().open("audiences", account="aurora")
    made = page.locator("#built")
    expect(made.locator(".count")).to_have_count(0)
    page.locator("[name=metric0]").select_option(label="Had conversation")
    expect(made.locator("li").first).to_contain_text("at least once in the last 30 days")
    page.get_by_label("Name", exact=True).fill("Käufer im Sommer")
    page.locator("[name=metric1]").select_option(label="Placed Order")
    page.get_by_label("did or did not").nth(1).select_option(label="did not")
    expect(made).to_contain_text("kaeufer_im_sommer.yml")
    expect(made.locator("li").nth(1)).to_contain_text("had no “Placed Order” in the last 30 days")
    times = page.get_by_label("times or more")
    expect(times.nth(0)).to_be_visible()
    expect(page.locator("[name=times1]")).not_to_be_visible()  # of what nobody did there is no number
    with page.expect_download() as saving:
        page.get_by_role("link", name="Save as a file").click()
    file = tmp_path / "kaeufer_im_sommer.yml"
    saving.value.save_as(file)
    with DuckDBFile(home).read() as reader:
        definition = read(file).segment.definition
        wanted = counted(reader, "aurora", definition, segments(reader).publication.as_of)
    assert wanted.member_count > 0
    expect(made.locator(".count")).to_contain_text(f"{wanted.member_count:,} known shopper")
    page.reload()  # the address has kept up
    expect(made.locator(".count")).to_contain_text(f"{wanted.member_count:,} known shopper")


@pytest.mark.parametrize("path", PATHS)
def test_nothing_that_strangers_wrote_is_markup(visit: Visit, path: str) -> None:
    visitor = visit()
    for number, text in enumerate(HOSTILE):
        query = {"profile": CANARY, "by": "tag"} if path in ("", "conversations") else {}
        page = visitor.open(path, account="aurora", dates="7", conversation=f"hostile-{number}", **query)
        if page.locator("article.thread").count():
            expect(page.locator("article.thread p.text").first).to_have_text(f"{CANARY} {text}")
            expect(page.locator("article.thread ul.products")).to_contain_text(text.strip())
        assert page.locator("main :is(img, script, iframe, math, b)").count() == 0
        links = [link.get_attribute("href") or "" for link in page.locator("a").all()]
        assert not [one for one in links if re.match(r"\s*(javascript:|data:|//)", one)]


def test_a_newer_publication_is_announced_and_not_forced(
    visit: Visit, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("twice")
    write_shop(folder / "shop", conversations=120)
    home = Home(folder / "home")
    with served(home) as address:
        visitor = visit(address)
        page = visitor.page
        page.goto(address)
        expect(page.get_by_role("alert")).to_contain_text("othing is published yet")
        expect(page.get_by_role("button", name="Copy agent-metrics run")).to_be_visible()
        jobs.run(RunRequest(home=str(home.root), path=str(folder / "shop"), as_of=AS_OF))
        before = told(home, "aurora", *RANGES["30"])
        volume = page.locator("[data-figure=volume] .value")
        expect(volume).to_have_text(f"{before.conversations.volume:,}")
        of = {"account_id": "aurora", "conversation_id": "late"}
        write_rows(
            folder / "shop" / "conversations" / "late.jsonl",
            [{**of, "channel": "sms", "created_at": "2026-06-07T10:00:00Z"}],
        )
        said = {"message_id": "late-1", "sender": "visitor", "sent_at": "2026-06-07T10:00:00Z", "text": "Late?"}
        write_rows(folder / "shop" / "messages" / "late.jsonl", [{**of, **said}])
        jobs.run(RunRequest(home=str(home.root), path=str(folder / "shop"), as_of=AS_OF))
        expect(page.get_by_role("link", name="Show it")).to_be_visible()
        assert visitor.figure("volume") == f"{before.conversations.volume:,}"
        page.get_by_role("link", name="Show it").click()
        expect(volume).to_have_text(f"{before.conversations.volume + 1:,}")
        expect(page.get_by_role("link", name="Show it")).not_to_be_visible()


def test_a_token_shows_its_account_and_no_texts(home: Home, visit: Visit, tmp_path: Path) -> None:
    settings = tmp_path / "agent-metrics.toml"
    settings.write_text('[[dashboard.tokens]]\ntoken = "env:T"\naccounts = ["aurora"]\ntexts = false\n', "utf-8")
    with served(home, "--config", str(settings), T="a-token-of-aurora") as address:
        visitor = visit(address)
        page = visitor.page
        page.goto(f"{address}conversations?account=aurora&dates=7&conversation=hostile-0")
        page.get_by_label("Token").fill("not the token of it")
        page.get_by_role("button", name="Open").click()
        expect(page.get_by_role("alert")).to_contain_text("no such token")
        page.get_by_label("Token").fill("a-token-of-aurora")
        page.get_by_role("button", name="Open").click()
        expect(page.locator("article.thread")).to_be_visible()
        for path in PATHS:
            visitor.open(path, dates="7", conversation="hostile-0")
            assert "nordlicht" not in page.content().lower()
            assert CANARY not in page.content()
        visitor.open(dates="7")
        assert figures(visitor) == expected(told(home, "aurora", *RANGES["7"]))


def test_the_page_reads_postgres_as_well(home: Home, visit: Visit) -> None:
    with servers.wheel() as server:
        url = servers.fresh(server)
        jobs.publish(PublishRequest(home=str(home.root), warehouse=[url]))
        with served(home, "--warehouse", url) as address:
            visitor = visit(address)
            visitor.open(account="nordlicht", dates="30")
            assert figures(visitor) == expected(told(home, "nordlicht", *RANGES["30"]))
            for path in PATHS:
                expect(visitor.open(path, account="nordlicht").locator("h1")).to_be_visible()


def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit().open("conversations", account="aurora", dates="30")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("table.conversations a.row").first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator("table.conversations a.row").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Close")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_have_count(0)
    page.get_by_label("Dates").focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_url("**dates=7**")
    page = visit().open(account="aurora")
    what = page.get_by_role("button", name="What is this? Conversations")
    what.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    tip = page.locator("#d-volume")
    expect(tip).to_be_visible()
    page.keyboard.press("Escape")
    expect(tip).not_to_be_visible()


@pytest.mark.parametrize("path", ["conversations", "hand-offs", "events", "sales"])
def test_the_row_of_an_open_thread_is_marked_and_found_again(visit: Visit, path: str) -> None:
    """On Hand-offs, Events and Sales nothing said whose thread stood open, and Escape lost the place."""
    page = visit().open(path, account="aurora", dates="90")
    row = page.locator("a.row").nth(1)
    key = row.locator("xpath=ancestor::tr").get_attribute("data-conversation")
    row.click()
    expect(page.locator(f"article.thread[data-conversation='{key}']")).to_be_visible()
    shown = page.locator("tr.shown")
    assert {one.get_attribute("data-conversation") for one in shown.all()} == {key}
    page.keyboard.press("Escape")
    expect(page.locator("#panel")).to_have_count(0)
    expect(page.locator(f"tr[data-conversation='{key}'] a.row").first).to_be_focused()


def test_the_arrow_keys_go_from_one_open_thread_to_the_next(visit: Visit) -> None:
    page = visit().open("hand-offs", account="aurora", dates="90")
    rows_ = page.locator("table.waiting tr[data-conversation]")
    keys = [one.get_attribute("data-conversation") for one in rows_.all()]
    assert len(keys) > 1
    rows_.first.locator("a.row").click()
    expect(page.locator("#panel")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"article.thread[data-conversation='{keys[1]}']")).to_be_visible()
    expect(page.locator("tr.shown")).to_have_attribute("data-conversation", str(keys[1]))
    page = visit().open("events", account="aurora", dates="90", event="product_recommended")
    keys = [one.get_attribute("data-conversation") for one in page.locator("tr[data-conversation]").all()]
    at = next(place for place, (one, other) in enumerate(pairwise(keys)) if one == other)
    other = next(one for one in keys[at:] if one != keys[at])
    page.locator("a.row").nth(at).click()
    expect(page.locator("#panel")).to_be_focused()
    page.keyboard.press("ArrowDown")  # past the other rows of the same conversation
    expect(page.locator(f"article.thread[data-conversation='{other}']")).to_be_visible()


@pytest.mark.parametrize("path", ["conversations", "events"])
def test_the_next_page_of_a_list_begins_at_its_title(visit: Visit, path: str) -> None:
    page = visit().open(path, account="aurora", dates="90")
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**at=**")
    expect(page.locator("#list-title")).to_be_focused()


IS_SEEN = """
() => {
  const one = document.activeElement, place = one.getBoundingClientRect();
  return one.contains(document.elementFromPoint(place.left + place.width / 2, place.top + place.height / 2));
}
"""


def test_what_cannot_be_seen_is_no_stop_of_the_tab_key(visit: Visit) -> None:
    """The buttons of forms, which are needed without the program only, were stops without a picture."""
    page = visit().open("conversations", account="aurora", dates="30")
    stops = 0
    while page.evaluate("!document.activeElement.matches('a.row')"):
        page.keyboard.press("Tab")
        assert page.evaluate(IS_SEEN), page.evaluate("document.activeElement.outerHTML")
        stops += 1
        assert stops < 60
    assert stops > 10
    page.get_by_label("Search").fill("pedido")
    page.keyboard.press("Enter")
    page.wait_for_url("**words=pedido**")


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_what_takes_its_time_is_said_to_be_on_its_way(visit: Visit, motion: str) -> None:
    page = visit(reduced_motion=motion).open("conversations", account="aurora", dates="30")
    line = "getComputedStyle(document.getElementById('main'), '::before')"
    busy = "document.getElementById('main').setAttribute('aria-busy', 'true')"
    assert page.evaluate(f"() => {{ {busy}; return {line}.opacity; }}") == "0"  # a quick answer moves nothing
    ends = time.monotonic() + PATIENCE / 1000
    while page.evaluate(f"{line}.opacity") != "1":
        assert time.monotonic() < ends
    assert ("along" in page.evaluate(f"{line}.animationName")) is (motion == "no-preference")
    page.evaluate("document.getElementById('main').removeAttribute('aria-busy')")
    assert page.evaluate(f"{line}.content") == "none"


# What of a cell stands on several lines although no blank and no @ parts it.
BROKEN = """
() => [...document.querySelectorAll("td[dir]")].flatMap((cell) => {
  const found = [], walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    for (const word of node.data.matchAll(/[^\\s@-]+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((one) => one.top)).size > 1) found.push(word[0]);
    }
  }
  return found;
})
"""
# Fields whose text does not fit into them: the choice of a list, with room for its arrow, or a hint.
CUT = """
() => [...document.querySelectorAll("select, input[type=search]")].flatMap((field) => {
  const style = getComputedStyle(field), pen = document.createElement("canvas").getContext("2d");
  pen.font = `${style.fontSize} ${style.fontFamily}`;
  const text = field.tagName === "SELECT" ? field.selectedOptions[0].text : field.placeholder;
  const arrow = field.tagName === "SELECT" ? 20 : 0;
  const padding = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
  return field.checkVisibility() && pen.measureText(text).width + padding + arrow > field.clientWidth ? [text] : [];
})
"""


def test_no_word_is_broken_and_no_choice_is_cut(visit: Visit) -> None:
    """At 1440 pixels it was "promotion|s" and "mail.exa|mple"; the name of the account ran under its arrow."""
    wide, narrow = visit(), visit(size=(390, 844))
    page = wide.open("conversations", account="aurora", dates="90", tags="promotions")
    assert page.locator("td.extra[dir]").first.inner_text() == "promotions"
    assert page.evaluate(BROKEN) == []
    page = wide.open("conversations", account="aurora", dates="90", profile="@mail.example")
    assert "@mail.example" in page.locator("td[dir]").first.inner_text()
    assert page.evaluate(BROKEN) == []
    for visitor in (wide, narrow):
        assert visitor.open("conversations", account="aurora", dates="30").evaluate(CUT) == []


def test_on_a_phone_every_date_of_a_publication_has_its_name(visit: Visit) -> None:
    page = visit(size=(390, 844)).open("data", account="aurora")
    cells = page.locator("[data-publication-row] > *")
    assert cells.count() == 5
    for cell in cells.all():
        said = cell.evaluate("(one) => getComputedStyle(one, '::before').content")
        assert said.strip('"').removesuffix(": ") == cell.get_attribute("data-label")


def test_a_place_of_the_same_page_is_not_asked_for_again(visit: Visit) -> None:
    """A list that came again while somebody walks through it would take the focus away."""
    page = visit().open("conversations", account="aurora", dates="30")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")
    page.locator("table.conversations a.row").first.click()
    expect(page.locator("#panel")).to_be_focused()
    page.go_back()
    expect(page.locator("#panel")).to_have_count(0)
    assert [("conversation=" in one) for one in asked if "/conversations?" in one] == [True, False]


def test_without_its_program_every_link_and_form_works(home: Home, visit: Visit) -> None:
    visitor = visit(java_script_enabled=False)
    page = visitor.page
    page.goto(f"{visitor.address}conversations?account=aurora&dates=30")
    page.get_by_label("Search").fill("pedido")
    page.locator("form.filters").get_by_role("button", name="Show").click()
    page.wait_for_url("**pedido**")
    page.locator("a.row").first.click()
    expect(page.locator("article.thread")).to_be_visible()
    page.get_by_label("Dates").select_option(label=NAMES["7"])
    page.locator("form.scope").get_by_role("button", name="Show").click()
    page.wait_for_url("**dates=7**")
    page.goto(f"{visitor.address}audiences?account=aurora")
    expect(page.get_by_label("times or more")).to_have_count(3)
    page.get_by_label("did or did not").first.select_option(label="did not")
    expect(page.locator("[name=times0]")).not_to_be_visible()


@pytest.mark.parametrize("size", [(390, 844), (720, 450)], ids=["telephone", "200 per cent"])
def test_a_small_window_shows_it_without_scrolling_sideways(visit: Visit, size: tuple[int, int]) -> None:
    visitor = visit(size=size)
    for path in PATHS:
        page = visitor.open(path, account="aurora", dates="7", conversation="hostile-0")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0], path


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_rules_of_accessibility_are_kept(visit: Visit, scheme: str) -> None:
    """WCAG 2.2 AA, as far as axe can tell: names, contrasts, order of headings, labels, roles."""
    visitor = visit(color_scheme=scheme)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    for path in PATHS:
        for more in ({}, {"conversation": "hostile-0"}):
            visitor.open(path, account="aurora", dates="30", **more)
            found = Axe().run(visitor.page, options={"runOnly": tags})
            assert not found.response["violations"], f"{path}: {found.generate_report()}"


def test_a_screen_reader_hears_every_section_in_an_order_that_makes_sense(visit: Visit) -> None:
    """What Chromium tells assistive programs: the head, the sections, then the content; all has names."""
    visitor = visit()
    for path in PATHS:
        more = {"conversation": "hostile-0"} if path == "conversations" else {}
        page = visitor.open(path, account="aurora", dates="30", **more)
        heard = list(_heard(page))
        landmarks = [role for role, _, _ in heard if role in {"banner", "navigation", "main"}]
        assert landmarks[:3] == ["banner", "navigation", "main"], path
        assert landmarks.count("main") == 1, path
        content = heard[[role for role, _, _ in heard].index("main") :]
        levels = [level for role, _, level in content if role == "heading"]
        assert levels[0] == 1, path
        assert levels.count(1) == 1, path
        assert all(later <= before + 1 for before, later in pairwise(levels)), path
        nameless = [role for role, name, _ in heard if role in NAMED and not name.strip()]
        assert not nameless, path
        if more:
            titles = [name for role, name, _ in content if role == "heading"]
            panel = [name for role, name, _ in content if role == "complementary"]
            assert panel, "the open conversation is a part of its own"
            assert titles.index(panel[0]) > 1, "the list, then what is open beside it"


NAMED = {
    "button",
    "checkbox",
    "combobox",
    "complementary",
    "heading",
    "link",
    "navigation",
    "searchbox",
    "table",
    "textbox",
}


def _heard(page: Page) -> Iterator[tuple[str, str, int]]:
    """Role, name and level of what assistive programs are told of, in its order."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    by_id = {one["nodeId"]: one for one in nodes}
    waiting = [nodes[0]["nodeId"]]
    while waiting:
        one = by_id[waiting.pop()]
        waiting += reversed([child for child in one.get("childIds", []) if child in by_id])
        if not one["ignored"]:
            level = next((its["value"]["value"] for its in one.get("properties", []) if its["name"] == "level"), 0)
            yield one["role"]["value"], str(one.get("name", {}).get("value", "")), level
