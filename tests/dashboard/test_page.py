"""The page as people see it: its figures are those of the tables, in a real browser."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, expect

from flows import jobs
from flows.audiences import read
from flows.dashboard import shown
from flows.dashboard.periods import NAMES
from flows.delivery.delivered import Delivered
from flows.delivery.ledger import Ledger
from flows.demo import write_shop
from flows.ground.home import Home
from flows.published import waiting
from flows.published.accounts import accounts
from flows.published.figures import RATES
from flows.published.handoffs import handoffs, handoffs_by
from flows.published.report import Report, report
from flows.published.segment_counted import counted
from flows.published.segments import segments
from flows.settings.requests import PublishRequest, RunRequest
from flows.warehouses.duckdb import DuckDBFile
from tests.conftest import write_rows
from tests.dashboard.browser import AS_OF, CANARY, HOSTILE, Visitor, built_shop, chromium, served
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
Visit = Callable[..., Visitor]

pytestmark = pytest.mark.xdist_group("browser")


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

    def come(at: str = address, **size: Any) -> Visitor:
        visitors.append(Visitor(browser, at, **size))
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


def figures(visitor: Visitor) -> dict[str, str]:
    keys = ("volume", *(rate.name for rate in RATES), "sales", "orders", "carts", "clicks")
    return {key: visitor.figure(key) for key in keys}


def expected(one: Report) -> dict[str, str]:
    def money(amount: Decimal | None) -> str:
        return shown.money(amount, one.currency)

    return {
        "volume": f"{one.conversations.volume:,}",
        **{rate.name: shown.percent(rate.of(one.conversations)) for rate in RATES},
        "sales": money(one.attributed_revenue),
        "orders": money(one.average_order_value),
        "carts": f"{one.add_to_cart_items:,}",
        "clicks": f"{one.link_clicks:,}",
    }


@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_key_figures_are_those_of_the_report(home: Home, visit: Visit, account: str) -> None:
    visitor = visit()
    page = visitor.open(account=account, dates="90")
    for dates, (first, last) in RANGES.items():
        if dates in NAMES:
            page.get_by_label("Dates").select_option(label=NAMES[dates])
            page.wait_for_url(f"**dates={dates}&**")
        else:
            visitor.open(account=account, dates=dates)
        one = told(home, account, first, last)
        for key, value in expected(one).items():
            expect(page.locator(f"#App [data-figure={key}] .value")).to_have_text(value)
        skills = page.locator("table.skills tbody tr[data-skill]")
        expect(skills).to_have_count(len(one.skills))
        for at, use in enumerate(one.skills):
            expect(skills.nth(at)).to_have_attribute("data-skill", use.skill)
            expect(skills.nth(at).locator("td.figure").nth(0)).to_have_text(f"{use.messages:,}")
            expect(skills.nth(at).locator("td.figure").nth(1)).to_have_text(f"{use.conversations:,}")


def shown_count(count: int | None) -> str:
    return "not known" if count is None else f"{count:,}"


def shown_held_back(count: int | None) -> str:
    """A segment that holds nobody back is not one in which nobody waits."""
    return "not held back" if count is None else f"{count:,}"


DELIVERIES = """
[[accounts]]
account_id = "nordlicht"
timezone = "Europe/Berlin"
currency = "EUR"
[accounts.deliveries.klaviyo]
segments = ["escalated_7_days"]
[accounts.deliveries.folder]
path = "files"
events = true
"""


def test_deliveries_that_are_switched_on_stand_with_what_should_be_looked_at(
    home: Home, visit: Visit, tmp_path: Path
) -> None:
    settings = tmp_path / "agent-metrics.toml"
    settings.write_text(DELIVERIES, "utf-8")
    with Ledger(home.deliveries) as ledger:
        Delivered("nordlicht", "folder", "event", outcome="failed", error="disk <full>").note(ledger)
    try:
        with served(home, "--config", str(settings)) as address:
            page = visit(address).open(account="nordlicht")
            rows = page.locator("table.deliveries tbody tr")
            expect(rows).to_have_count(2)
            expect(rows.nth(0)).to_contain_text("escalated_7_days")
            expect(rows.nth(0)).to_contain_text("Look at it: it is switched on and was never made")
            expect(rows.nth(1)).to_contain_text("disk <full>")
            expect(rows.nth(1)).to_contain_text("failed")
            expect(visit(address).open(account="aurora").locator("table.deliveries")).to_have_count(0)
    finally:
        home.deliveries.unlink()


def test_hand_offs_that_a_helpdesk_refused_stand_with_the_reason_and_the_thread(
    home: Home, visit: Visit, tmp_path: Path
) -> None:
    """Nobody learned of them who does not look into the command."""
    settings = tmp_path / "agent-metrics.toml"
    settings.write_text(DELIVERIES, "utf-8")
    with DuckDBFile(home).read() as reader:
        account = next(one for one in accounts(reader) if one.account_id == "nordlicht")
        (waits, *_) = waiting.page(reader, account)
    values = "values ('nordlicht', ?, ?, 'zendesk', 'ticket', ?, 'refused', 1, null, ?, null, '<b>suspended</b>')"
    instants = ("2026-06-07T10:00:00.000000Z",) * 2
    with Ledger(home.deliveries) as ledger:
        ledger.run(f"insert into handoffs {values}", waits.conversation_id, waits.channel, *instants)
    try:
        with served(home, "--config", str(settings)) as address:
            page = visit(address).open(account="nordlicht")
            row = page.locator("table.refused tbody tr")
            expect(row).to_have_count(1)
            expect(row).to_contain_text("<b>suspended</b>")
            row.get_by_role("link", name=waits.conversation_id).click()
            page.wait_for_url(f"**conversation={waits.conversation_id}**")
            expect(visit(address).open(account="aurora").locator("table.refused")).to_have_count(0)
    finally:
        home.deliveries.unlink()


def test_segments_stand_with_their_size_and_their_rule_in_words(home: Home, visit: Visit) -> None:
    page = visit().open(account="nordlicht")
    with DuckDBFile(home).read() as reader:
        found = segments(reader, "nordlicht").segments
    rows = page.locator("table.audiences tbody tr[data-segment]")
    expect(rows).to_have_count(len(found))
    assert sum(one.member_count for one in found) > 0
    for at, one in enumerate(found):
        expect(rows.nth(at)).to_have_attribute("data-segment", one.segment)
        reach = [shown_count(count) for count in (one.reachable_by_email, one.reachable_by_sms)]
        wanted = [f"{one.member_count:,}", *reach]
        expect(rows.nth(at).locator("td.figure")).to_contain_text(
            [*wanted, shown_held_back(one.held_back), "since 7 Jun 2026", f"{one.anonymous_count:,}"]
        )
    rows.first.locator("summary").click()
    expect(rows.first.locator("li").first).to_have_text(found[0].rule()[0])


def test_hand_offs_stand_with_what_came_of_them_and_who_waits_the_longest(home: Home, visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(account="aurora", dates="90")
    with DuckDBFile(home).read() as reader:
        account = next(one for one in accounts(reader) if one.account_id == "aurora")
        found = handoffs(reader, "aurora", *RANGES["90"])
        by_reason = handoffs_by(reader, "aurora", *RANGES["90"], by="reason")
        by_channel = handoffs_by(reader, "aurora", *RANGES["90"], by="channel")
        who_waits = waiting.page(reader, account)
        words = waiting.count(reader, account).words
    assert found
    assert found.count > 20
    assert who_waits
    for outcome, count in found.by_outcome.items():
        row = page.locator(f"table.handoffs tr[data-outcome={outcome}]")
        if count:
            expect(row.locator("td.figure").first).to_have_text(f"{count:,}")
            expect(row.locator("td.figure").nth(1)).to_have_text(shown.percent(count / found.count))
    expect(page.locator("table.waiting caption")).to_contain_text(words)
    groups = page.locator("table.handoffs-by tbody tr")
    for by, wanted in (("reason", by_reason), ("channel", by_channel)):
        page.get_by_label("Hand-offs by").select_option(label=by)
        page.wait_for_url(f"**handoffs_by={by}**")
        expect(groups).to_have_count(len(wanted))
        for at, one in enumerate(wanted):
            expect(groups.nth(at)).to_have_attribute("data-key", one.key)
            of = one.handoffs
            cells = [f"{of.count:,}", shown.percent(of.share("answered"))]
            cells.append(f"{of.by_outcome['waiting'] + of.by_outcome['lost']:,}")
            cells.append(shown.duration(of.median_minutes_to_reply))
            if found.has_business_hours:
                cells.append(shown.duration(of.median_business_minutes_to_reply))
            expect(groups.nth(at).locator("td.figure")).to_have_text(cells)
    listed = page.locator("table.waiting tbody tr[data-conversation]")
    expect(listed).to_have_count(len(who_waits))
    for at, who in enumerate(who_waits):
        expect(listed.nth(at)).to_have_attribute("data-conversation", who.conversation_id)
        expect(listed.nth(at)).to_contain_text(shown.instant(account.local(who.since)))
    listed.first.get_by_role("button", name="Open").click()
    page.wait_for_url(f"**conversation={who_waits[0].conversation_id}**")
    expect(page.locator(".thread")).to_be_visible()


def test_a_segment_is_made_of_what_there_is_and_counted_at_once(home: Home, visit: Visit, tmp_path: Path) -> None:
    page = visit().open(account="aurora")
    page.get_by_role("button", name="Make a segment").click()
    made = page.locator("#App section.built")
    expect(made).to_have_count(0)
    page.get_by_label("what", exact=True).first.select_option(label="Had conversation")
    expect(made.locator("li").first).to_contain_text("at least once in the last 30 days")
    page.get_by_label("Name", exact=True).fill("Käufer im Sommer")
    page.get_by_label("what", exact=True).nth(1).select_option(label="Placed Order")
    page.get_by_label("and", exact=True).first.select_option(label="did not")
    expect(made).to_contain_text("kaeufer_im_sommer.yml")
    expect(made.locator("li").nth(1)).to_contain_text("had no “Placed Order” in the last 30 days")
    with page.expect_download() as saving:
        page.get_by_text("Save as a file").click()
    file = tmp_path / "kaeufer_im_sommer.yml"
    saving.value.save_as(file)
    with DuckDBFile(home).read() as reader:
        definition = read(file).segment.definition
        wanted = counted(reader, "aurora", definition, segments(reader).publication.as_of)
    assert wanted.member_count > 0
    expect(made.locator(".count strong")).to_have_text(f"{wanted.member_count:,}")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()


@pytest.mark.parametrize("by", ["status", "channel", "tag"])
def test_the_first_answer_has_the_figures_already(home: Home, address: str, by: str) -> None:
    with urlopen(f"{address}?account=nordlicht&dates=month&by={by}") as answer:
        page = answer.read().decode()
    look = page.partition('<div id="first-look">')[2].partition("<script>")[0]
    found = dict(re.findall(r'data-figure="(\w+)">.*?<p class="value">(.*?)</p>', look, re.DOTALL))
    assert found == expected(told(home, "nordlicht", *RANGES["month"]))
    assert look.count("<rect") >= len(rows(home, "select distinct started_on from metrics.conversations limit 5"))
    for text in HOSTILE:
        assert text not in look


@pytest.mark.parametrize("last", ["2026-06-07", "2026-06-06"])
def test_a_day_that_is_not_over_is_dashed(home: Home, address: str, last: str) -> None:
    with urlopen(f"{address}?account=nordlicht&dates=2026-06-01..{last}&by=status") as answer:
        look = answer.read().decode().partition('<div id="first-look">')[2]
    ((of_today,),) = rows(
        home,
        "select count(distinct status) from metrics.conversations"
        f" where account_id = 'nordlicht' and started_on between '2026-06-07' and '{last}'",
    )
    assert look.count("stroke-dasharray") == of_today
    assert bool(of_today) == (last == "2026-06-07")


def test_the_first_answer_gives_way_to_the_page(visit: Visit) -> None:
    visitor = visit()
    visitor.page.goto(visitor.address, wait_until="commit")
    expect(visitor.page.locator("#first-look svg rect").first).to_be_visible()
    expect(visitor.page.locator("#first-look")).not_to_be_attached()
    expect(visitor.page.locator("#App [data-figure=volume] .value")).to_be_visible()


def test_another_range_and_account_are_chosen_on_the_page_and_stand_in_its_address(home: Home, visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(account="aurora", dates="30")
    page.get_by_label("Dates").select_option(label="Last 7 days")
    one = expected(told(home, "aurora", *RANGES["7"]))
    expect(page.locator("#App [data-figure=volume] .value")).to_have_text(one["volume"])
    page.get_by_label("Account").select_option(label="Nordlicht Outdoor")
    other = expected(told(home, "nordlicht", *RANGES["7"]))
    expect(page.locator("#App [data-figure=volume] .value")).to_have_text(other["volume"])
    expect(page.locator("#App [data-figure=sales] .value")).to_have_text(other["sales"])
    page.wait_for_url("**account=nordlicht**dates=7**")
    again = visit()
    again.page.goto(page.url)
    expect(again.page.locator("#App [data-figure=sales] .value")).to_have_text(other["sales"])


def test_a_channel_limits_figures_and_lists(home: Home, visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(account="aurora", dates="30", channel="sms")
    ((volume,),) = rows(
        home,
        "select count(*) from metrics.conversations where account_id = 'aurora' and channel = 'sms'"
        " and started_on between '2026-05-09' and '2026-06-07'",
    )
    assert visitor.figure("volume") == f"{volume:,}"
    expect(page.locator("table.conversations caption")).to_contain_text(f"{volume:,} conversations")
    assert {cell.inner_text() for cell in page.locator("table.conversations td.short:nth-of-type(2)").all()} == {"SMS"}


def test_the_chart_is_grouped_by_what_is_chosen_and_a_bar_leads_to_its_conversations(visit: Visit) -> None:
    page = visit().open(account="aurora", dates="30")
    chart = page.locator("marimo-vega canvas, marimo-vega svg.marks").first
    expect(chart).to_be_visible()
    for group in ("channel", "tag", "status"):
        page.get_by_role("radio", name=group).click()
        page.wait_for_url(f"**by={group}**")
        expect(chart).to_be_visible()
    page.wait_for_timeout(1000)  # the chart is drawn anew
    box = chart.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.52, box["y"] + box["height"] - 40)
    page.wait_for_url("**statuses=**")
    expect(page.get_by_text("Only conversations that started on")).to_be_visible()


def test_a_search_finds_over_all_conversations_and_pages_follow(home: Home, visit: Visit) -> None:
    page = visit().open(account="aurora", dates="90")
    of = "account_id = 'aurora' and started_on between '2026-03-10' and '2026-06-07'"
    ((total,),) = rows(home, f"select count(*) from metrics.conversations where {of}")
    caption = page.locator("table.conversations caption")
    expect(caption).to_contain_text(f"{total:,} conversations 1 to 25")
    page.get_by_role("button", name="Next ›").first.click()
    expect(caption).to_contain_text("26 to 50")
    ((found,),) = rows(
        home, f"select count(*) from metrics.conversations where {of} and contains(lower(first_question), 'pedido')"
    )
    assert 0 < found < total
    page.get_by_label("Search").fill("PEDIDO")
    expect(caption).to_contain_text(f"{found:,} conversations 1 to")
    for cell in page.locator("table.conversations tbody th").all():
        assert "pedido" in cell.inner_text().lower()


def test_a_row_opens_its_whole_thread(home: Home, visit: Visit) -> None:
    ((conversation, count),) = rows(
        home,
        "select conversation_id, message_count from metrics.conversations"
        " where account_id = 'aurora' and attributed_orders > 0 and handoff_method is null"
        " order by started_at desc limit 1",
    )
    page = visit().open(account="aurora", dates="90", search=conversation)
    page.locator(f"[data-conversation='{conversation}'] td").nth(2).click()
    thread = page.locator(f"article.thread[data-conversation='{conversation}']")
    expect(thread).to_be_visible()
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
        assert shown.money(revenue, "BRL") in bought
    page.wait_for_url(f"**conversation={conversation}**")
    thread.get_by_role("button", name="Close").click()
    expect(thread).not_to_be_visible()


def test_a_figure_leads_down_to_order_lines_touch_and_conversation(home: Home, visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(account="aurora", dates="30")
    one = told(home, "aurora", *RANGES["30"])
    expect(page.locator("table.sales caption")).to_contain_text(shown.money(one.attributed_revenue, "BRL"))
    expect(page.locator("table.sales caption")).to_contain_text(f"{one.attributed_orders:,} order")
    row = page.locator("table.sales tbody tr[data-line]").first
    line = row.get_attribute("data-line")
    ((conversation,),) = rows(
        home, f"select conversation_id from metrics.attributed_order_lines where order_line_id = '{line}'"
    )
    row.locator("td").nth(1).click()
    expect(page.locator(f"article.thread[data-conversation='{conversation}']")).to_be_visible()
    page.locator("#App [data-figure=unresolved_rate] button").click()
    expect(page.locator("table.conversations caption")).to_contain_text(
        f"{one.conversations.routed + one.conversations.closed:,} conversations"
    )


def test_events_are_counted_and_fed(home: Home, visit: Visit) -> None:
    page = visit().open(account="aurora", dates="30")
    for event, name in rows(home, "select distinct event, event_name from metrics.agent_events"):
        page.get_by_label("Event").select_option(label=name)
        ((count,),) = rows(
            home,
            f"""select count(*) from metrics.agent_events where account_id = 'aurora' and event = '{event}'
            and cast(timezone('America/Sao_Paulo', occurred_at) as date) between '2026-05-09' and '2026-06-07'""",
        )
        expect(page.locator("table.feed caption")).to_contain_text(f"{name} {count:,} in this period")


def test_gaps_lead_to_their_conversations_and_to_a_draft(visit: Visit) -> None:
    page = visit().open(account="aurora", dates="90")
    row = page.locator("table.topics tbody tr[data-topic]").first
    topic = row.get_attribute("data-topic")
    row.get_by_role("button", name="Conversations").click()
    page.wait_for_url(f"**topic={topic}**")
    expect(page.get_by_text(f"Only conversations with a question of {topic}")).to_be_visible()
    row.get_by_role("button", name="Draft article").click()
    draft = page.locator("marimo-text-area textarea")
    expect(draft).to_be_visible()
    assert "## Questions to answer" in draft.input_value()
    page.context.grant_permissions(["clipboard-read"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == draft.input_value()


def test_a_draft_is_saved_from_the_visit_itself(visit: Visit, tmp_path: Path) -> None:
    """It was a file of the server, for whoever learned its name: also for a token without texts."""
    page = visit().open(account="aurora", dates="90")
    page.locator("table.topics tbody tr[data-topic]").first.get_by_role("button", name="Draft article").click()
    draft = page.locator("marimo-text-area textarea")
    expect(draft).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_text("Save as a file").click()
    assert waiting.value.suggested_filename == "article.md"
    assert waiting.value.url.startswith("data:")
    waiting.value.save_as(tmp_path / "article.md")
    assert (tmp_path / "article.md").read_text("utf-8").strip() == draft.input_value().strip()


def test_the_export_has_all_filtered_rows(home: Home, visit: Visit, tmp_path: Path) -> None:
    page = visit().open(account="aurora", dates="90", statuses="routed,closed")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Export as CSV").click()
    waiting.value.save_as(tmp_path / "conversations.csv")
    with (tmp_path / "conversations.csv").open(encoding="utf-8-sig", newline="") as file:
        found = {row["conversation_id"] for row in csv.DictReader(file)}
    wanted = rows(
        home,
        "select conversation_id from metrics.conversations where account_id = 'aurora'"
        " and status in ('routed', 'closed') and started_on between '2026-03-10' and '2026-06-07'",
    )
    assert found == {one for (one,) in wanted}


def test_nothing_that_strangers_wrote_is_markup(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(account="aurora", dates="7", profile=CANARY, by="tag")
    listed = page.locator("table.conversations")
    for text in HOSTILE:
        expect(listed).to_contain_text(" ".join(f"{CANARY} {text}".split()))
    for number, text in enumerate(HOSTILE):
        page.locator(f"tr[data-conversation=hostile-{number}] button").click()
        thread = page.locator(f"article.thread[data-conversation=hostile-{number}]")
        expect(thread.locator("p.text").first).to_have_text(f"{CANARY} {text}")
        expect(thread.locator("ul.products")).to_contain_text(text.strip())
        strange = page.locator("#App :is(table, article) :is(img, script, iframe, math, .katex, code, b)")
        assert strange.count() == 0
        links = [link.get_attribute("href") for link in page.locator("#App :is(table, article) a").all()]
        assert all(link and link.startswith(("conversations.csv?", "https://")) for link in links)
    page.wait_for_timeout(500)


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
        jobs.run(RunRequest(home=str(home.root), path=str(folder / "shop"), as_of=AS_OF))
        page.get_by_role("button", name="Show it").click()
        before = told(home, "aurora", *RANGES["30"])
        expect(page.locator("#App [data-figure=volume] .value")).to_have_text(f"{before.conversations.volume:,}")
        of = {"account_id": "aurora", "conversation_id": "late"}
        write_rows(
            folder / "shop" / "conversations" / "late.jsonl",
            [{**of, "channel": "sms", "created_at": "2026-06-07T10:00:00Z"}],
        )
        said = {"message_id": "late-1", "sender": "visitor", "sent_at": "2026-06-07T10:00:00Z", "text": "Late?"}
        write_rows(folder / "shop" / "messages" / "late.jsonl", [{**of, **said}])
        jobs.run(RunRequest(home=str(home.root), path=str(folder / "shop"), as_of=AS_OF))
        expect(page.get_by_role("button", name="Show it")).to_be_visible()
        assert visitor.figure("volume") == f"{before.conversations.volume:,}"
        page.get_by_label("Dates").select_option(label="Last 90 days")  # still of the publication that is looked at
        page.get_by_label("Dates").select_option(label="Last 30 days")
        expect(page.locator("#App [data-figure=volume] .value")).to_have_text(f"{before.conversations.volume:,}")
        page.get_by_role("button", name="Show it").click()
        expect(page.locator("#App [data-figure=volume] .value")).to_have_text(f"{before.conversations.volume + 1:,}")
        expect(page.get_by_role("button", name="Show it")).not_to_be_visible()


def test_a_token_shows_its_account_and_no_texts(home: Home, visit: Visit, tmp_path: Path) -> None:
    settings = tmp_path / "agent-metrics.toml"
    settings.write_text('[[dashboard.tokens]]\ntoken = "env:T"\naccounts = ["aurora"]\ntexts = false\n', "utf-8")
    with served(home, "--config", str(settings), T="a-token-of-aurora") as address:
        visitor = visit(address)
        frames: list[str] = []
        visitor.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
        visitor.page.goto(f"{address}?account=nordlicht&dates=7&conversation=hostile-0&profile=ana")
        visitor.page.get_by_label("Token").fill("not the token of it")
        visitor.page.get_by_role("button", name="Open").click()
        expect(visitor.page.get_by_role("alert")).to_contain_text("no such token")
        visitor.page.get_by_label("Token").fill("a-token-of-aurora")
        visitor.page.get_by_role("button", name="Open").click()
        visitor.page.wait_for_selector("table.sales")
        one = expected(told(home, "aurora", *RANGES["7"]))
        assert figures(visitor) == one
        assert visitor.page.get_by_label("Account").locator("option").all_inner_texts() == ["Aurora Moda"]
        expect(visitor.page.locator("article.thread")).to_be_visible()
        visitor.open(dates="7")
        told_to_browser = "".join(frames) + visitor.page.content()
        assert "nordlicht" not in told_to_browser.lower().replace("account=nordlicht", "")
        assert CANARY not in told_to_browser


def test_the_page_reads_postgres_as_well(home: Home, visit: Visit) -> None:
    with servers.wheel() as server:
        url = servers.fresh(server)
        jobs.publish(PublishRequest(home=str(home.root), warehouse=[url]))
        with served(home, "--warehouse", url) as address:
            visitor = visit(address)
            visitor.open(account="nordlicht", dates="30")
            assert figures(visitor) == expected(told(home, "nordlicht", *RANGES["30"]))


def test_the_keyboard_is_enough(visit: Visit) -> None:
    page = visit().open(account="aurora", dates="30")
    page.locator("#App [data-figure=resolution_rate] .term").focus()
    expect(page.locator("#App [data-figure=resolution_rate] .definition")).to_be_visible()
    page.locator("table.conversations tbody tr button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("article.thread")).to_be_visible()
    page.get_by_label("Dates").focus()
    page.keyboard.press("ArrowUp")
    page.wait_for_url("**dates=7**")


def test_a_telephone_shows_it_without_scrolling_sideways(visit: Visit) -> None:
    page = visit(size=(390, 844)).open(account="aurora", dates="7")
    page.locator("table.conversations tbody tr button").first.click()
    expect(page.locator("article.thread")).to_be_visible()
    assert page.evaluate("document.querySelector('#App').scrollWidth") <= 390
