"""What the page answers over HTTP: every section and part, for those who may see it, whatever an address asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import ASGIApp

from expectations.verdict import Outcome, Verdict
from flows.audiences import read
from flows.dashboard.access import Access, Tokens
from flows.dashboard.app import Pages
from flows.dashboard.building import FILTERS
from flows.dashboard.door import Door
from flows.dashboard.language import NAMES
from flows.dashboard.look import SECTIONS, Installation
from flows.delivery.delivered import Delivered
from flows.delivery.ledger import Ledger
from flows.ground.address import Address
from flows.ground.checked import Checked
from flows.ground.errors import StorageFailed
from flows.ground.home import Home
from flows.published.conversations import ORDERS
from flows.published.performance import GROUPS
from flows.published.report import report
from flows.published.segment_counted import counted
from flows.published.segments import segments
from flows.warehouses import Warehouse
from flows.warehouses.duckdb import DuckDBFile
from flows.warehouses.postgres import Postgres
from tests.dashboard.conftest import TOKENS
from tests.dashboard.markup import addresses, figures, parsed, required, skeleton, words_of
from tests.dashboard.serving import Page, got_exactly, in_thread, serving
from tests.dashboard.shop import DATES, HIDDEN, OWN, RIVAL, everywhere, published, telling_shop, told_home, told_rows
from tests.published.shop import HOSTILE, MIDNIGHT, Shop, asked_shop
from tests.warehouses import servers

OF = {"account": OWN, "dates": DATES}
PATHS = {name: "" if name == "overview" else name for name in SECTIONS}
NOBODY = Tokens(())


def app(warehouse: Warehouse, installation: Installation | None = None) -> ASGIApp:
    return Door(Pages(warehouse, installation or Installation()).app(), NOBODY)


@pytest.fixture(scope="module")
def address(telling_home: Home) -> Iterator[str]:
    with in_thread(app(DuckDBFile(telling_home))) as one:
        yield one


@pytest.fixture(scope="module")
def ask(address: str) -> Iterator[Callable[..., httpx.Response]]:
    with httpx.Client(base_url=address, timeout=60) as client:

        def asked(path: str = "", **query: str) -> httpx.Response:
            return client.get(path, params=query)

        yield asked


Ask = Callable[..., httpx.Response]


def said(answer: httpx.Response) -> list[str]:
    """What a page says is wrong with its address."""
    return [words_of(one) for one in parsed(answer.text).iterfind(".//p[@role='alert']")]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKENS[token]}"}


# Sections


@pytest.mark.parametrize(
    ("section", "query", "shown"),
    [
        ("overview", {}, ["Where is it? hidden-text", "not available", "Why handed off"]),
        ("conversations", {"conversation": "talk 00"}, ["first question hidden-text", "title of a product", "R$12.50",
                                                        "message of a shopper hidden-text", "Platform ticket 0"]),
        ("knowledge", {"draft": "topic"}, ["Label of topic hidden-text", "title of an article", "title of a product",
                                           "question …", "assigned to owner hidden-text: note hidden-text",
                                           "3 of 4", "0 of 2", "−75.0 pt"]),
        ("audiences", {}, ["name of a segment", "description of a segment", "agent-metrics segments export segment",
                           "known shoppers", "hold back"]),
        ("hand-offs", {"conversation": "talk 00"}, ["name hidden-text", "Why handed off", "answer hidden-text"]),
        ("sales", {"conversation": "talk 05"}, ["order 05", "line 05", "title of a product", "R$375.00"]),
        ("events", {"event": "conversation_escalated"}, ["Last skill", "30 events", "Why handed off"]),
        ("data", {}, ["source", "reason to refuse hidden-text", "messages row", "conversations parent", "12 of 12"]),
    ],
)  # fmt: skip
def test_every_section_shows_what_it_is_for(ask: Ask, section: str, query: dict[str, str], shown: list[str]) -> None:
    answer = ask(PATHS[section], **OF, **query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    page = parsed(answer.text)
    assert said(answer) == []
    text = words_of(required(page, ".//main")) + " ".join(one.text or "" for one in page.iter("textarea"))
    for one in shown:
        assert one in text, one
    (current,) = page.iterfind(".//nav[@class='sections']//a[@aria-current='page']")
    assert words_of(current) == SECTIONS[section]
    assert words_of(required(page, ".//title")) == f"{SECTIONS[section]} · name of an account"
    links = [one.attrib["href"] for one in page.iterfind(".//nav[@class='sections']//a")]
    assert [urlsplit(one).path for one in links] == ["./", *list(PATHS.values())[1:]]


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("language", NAMES)
def test_every_section_is_shown_in_every_language(ask: Ask, section: str, language: str) -> None:
    """A per cent sign in a text that is translated kept the section from being shown at all."""
    talk = {"conversation": "talk 00"}
    query = {
        "overview": {},
        "data": {},
        "knowledge": {"draft": "topic"},
        "audiences": {"metric0": "Had conversation"},
    }.get(section, talk)
    answer = ask(PATHS[section], **OF, language=language, **query)
    assert answer.status_code == 200
    page = parsed(answer.text)
    assert page.attrib["lang"] == language
    assert said(answer) == []


def test_the_figures_are_those_of_the_report_in_both_warehouses(
    telling_home: Home, tmp_path: Path, database_server: str, ask: Ask
) -> None:
    url = servers.fresh(database_server)
    home = Home(tmp_path / "home")
    told_home(home, at=Postgres(home, Address.of(url)))
    with DuckDBFile(telling_home).read() as reader:
        first, last = map(date.fromisoformat, DATES.split(".."))
        told = report(reader, OWN, first, last)
    with in_thread(app(Postgres(home, Address.of(url)))) as address:
        pages = [ask("", **OF), httpx.get(address, params=OF, timeout=60)]
        for answer in pages:
            shown = figures(parsed(answer.text))
            assert shown["volume"] == str(told.conversations.volume) == "30"
            assert shown["sales"] == "R$375.00"
            assert (shown["shoppers"], shown["events"]) == ("1", "120")
            assert shown["resolution_rate"] == f"{100 * told.conversations.resolved / told.conversations.volume:.1f}%"
        for path, query in everywhere():
            one, other = ask(path, **query), httpx.get(f"{address}{path}", params=query, timeout=60)
            assert one.status_code == other.status_code == 200
            assert same_but_for_publication(one.text) == same_but_for_publication(other.text), path


def same_but_for_publication(text: str) -> str:
    """Without what is of a publication: its id, and when it was published."""
    return re.sub(
        r'data-publication[^>]*>|<th scope="row" class="short"[^>]*>[^<]*</th>|"publication": ?"[^"]*"', "", text
    )


# Who sees what


def test_texts_and_others_are_there_for_who_may_see_them(telling: Page) -> None:
    """What the two tests that follow look for is there for a token that is not limited."""
    for account in (OWN, RIVAL):
        pages = [telling.get(*one, **bearer("WHOLE")).text for one in everywhere(account)]
        assert sum(HIDDEN in one for one in pages) >= 12
        assert sum(RIVAL in one for one in pages) >= 12


def test_an_account_of_another_token_is_neither_shown_nor_named(telling: Page) -> None:
    for path, query in everywhere():
        answer = telling.get(path, query, **bearer("AGENCY"))
        assert answer.status_code == 200, path
        assert RIVAL not in answer.text.lower(), path
        assert RIVAL not in str(answer.headers).lower(), path
    counts = [parsed(telling.get("data", OF, **bearer(one)).text) for one in ("WHOLE", "AGENCY")]
    of_all = [list(page.iterfind(".//tr[@data-publication-row]//span[@class='property']")) for page in counts]
    assert [bool(one) for one in of_all] == [True, False]  # how many rows all accounts have together
    assert [page.find(".//h2[@id='checks-title']") is not None for page in counts] == [True, False]


def test_who_asks_for_an_account_of_others_is_told_what_is_told_of_none(telling: Page) -> None:
    """Whether there is such an account, and all that is in it, is not for them."""
    for path, query in everywhere(RIVAL):
        strange = telling.get(path, query, **bearer("AGENCY"))
        unknown = telling.get(path, {**query, "account": "ghost"}, **bearer("AGENCY"))
        assert strange.status_code == unknown.status_code
        assert strange.text.replace(f"“{RIVAL}”", "“ghost”").replace(f"'{RIVAL}'", "'ghost'") == unknown.text, path


def test_without_texts_none_is_anywhere(telling: Page) -> None:
    for account in (OWN, RIVAL):
        for path, query in everywhere(account):
            answer = telling.get(path, query, **bearer("FIGURES"))
            assert answer.status_code == (400 if path == "knowledge/article" else 200), path
            assert HIDDEN not in answer.text, path
    thread = telling.get("conversations", {**OF, "conversation": "talk 00"}, **bearer("FIGURES")).text
    assert "The text is not shown to you." in thread
    assert "The text is not shown to you." not in telling.get(
        "conversations", {**OF, "conversation": "talk 00"}, **bearer("WHOLE")
    ).text  # fmt: skip


def test_words_of_threads_are_not_looked_for_without_texts_and_the_list_stays(telling: Page) -> None:
    """A link with words, given to somebody who may not see texts, was no list at all."""
    for given_, wrong in (("WHOLE", 0), ("FIGURES", 1)):
        answer = telling.get("conversations", {**OF, "words": "x"}, **bearer(given_))
        assert answer.status_code == 200
        assert len([one for one in said(answer) if "“words” is wrong" in one]) == wrong, given_
        assert required(parsed(answer.text), ".//h2[@id='list-title']") is not None


def test_a_token_whose_accounts_are_not_published_sees_nothing(telling_home: Home, tmp_path: Path) -> None:
    sections = ('token = "env:T"\naccounts = ["gone"]', 'token = "env:U"\naccounts = []')
    (tmp_path / "agent-metrics.toml").write_text("".join(f"[[dashboard.tokens]]\n{one}\n" for one in sections))
    tokens = {"T": "token-of-gone-0123456789", "U": "token-of-none-0123456789"}
    with serving(tmp_path, "--home", str(telling_home.root), **tokens) as page:
        for token in tokens.values():
            for path, query in everywhere():
                answer = page.get(path, query, Authorization=f"Bearer {token}")
                assert answer.status_code in (200, 400)
                assert "name of an account" not in answer.text
                assert "talk 0" not in answer.text.replace("talk+0", "")
            told = page.get("", Authorization=f"Bearer {token}").text
            assert "No account is published that you may see." in told


# What strangers wrote


@pytest.mark.parametrize(
    "evil",
    [
        "\"'><script>alert(1)</script><img src=x onerror=alert(1)>",
        "</textarea></select></style></title><!--",
        "{{ 7 * 7 }}{% raw %}&lt;b&gt;&#60;i&#62;%(count)s%",
        "\u202eevil\u2066 \x1b[31m ]]> <![CDATA[ \x0b",
    ],
)
def test_nothing_that_strangers_wrote_is_markup(tmp_path: Path, ask: Ask, evil: str) -> None:
    """The page has the very elements that it has for the same shop with tame texts; also ids are texts."""

    def write(text: str) -> str:
        return f"{text} {evil}"

    home = told_home(Home(tmp_path / "home"), write)
    with in_thread(app(DuckDBFile(home))) as address:
        for (path, query), (_, tame) in zip(everywhere(mark=write), everywhere(), strict=True):
            if path.endswith((".csv", ".yml", "article", "news")):
                continue
            answer, expected = httpx.get(address + path, params=query, timeout=60), ask(path, **tame)
            assert (answer.status_code, expected.status_code) == (200, 200)
            page, of = parsed(answer.text), parsed(expected.text)
            assert skeleton(page) == skeleton(of), path
            for one in addresses(page):
                parts = urlsplit(one)
                assert parts.scheme in ("", "https"), one
                assert parts.netloc in ("", "shop.example"), one
            for tag in ("script", "style"):
                assert [one.text for one in page.iter(tag)] == [one.text for one in of.iter(tag)]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_is_shown_as_it_was_written(tmp_path: Path, text: str) -> None:
    shop = Shop()
    shop.conversation("c", profile_name=text, first_question=text, tag=text or None)
    shop.say("c", 1, "visitor", text=text)
    home = published(Home(tmp_path / "home"), shop.published_rows())
    query = {**OF, "conversation": "c"}
    with in_thread(app(DuckDBFile(home))) as address:
        page = parsed(httpx.get(f"{address}conversations", params=query, timeout=60).text)
    message = required(page, ".//li[@class='message by-visitor']/p[@class='text']")
    assert "".join(message.itertext()) == text
    assert " ".join(text.split()) in words_of(required(page, ".//tbody/tr"))


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "shop.example/p", " https:evil", "https://"]
)
def test_a_product_whose_address_is_not_of_the_web_has_no_link(tmp_path: Path, url: str) -> None:
    shop = Shop()
    shop.conversation("c")
    shop.product("p", "A product", url)
    shop.product("q", "Another", "https://shop.example/q")
    shop.say("c", 1, recommended_product_ids='["p", "q"]')
    home = published(Home(tmp_path / "home"), shop.published_rows())
    with in_thread(app(DuckDBFile(home))) as address:
        page = parsed(httpx.get(f"{address}conversations", params={**OF, "conversation": "c"}, timeout=60).text)
    products = list(page.iterfind(".//ul[@class='products']/li"))
    assert [words_of(one) for one in products] == ["A product", "Another"]
    (link,) = page.iterfind(".//ul[@class='products']//a")
    assert link.attrib["href"] == "https://shop.example/q"
    assert {"noopener", "noreferrer"} <= set(link.attrib["rel"].split())


def test_a_skill_has_one_name_everywhere(tmp_path: Path) -> None:
    """Its label; of a skill that is not listed, or has no label of its own, its words."""
    shop, at = Shop(), MIDNIGHT
    for skill, label in (("order_tracking", "Where is it?"), ("size_advice", "size_advice")):
        shop.skill(skill, is_available=True)
        shop.rows["skills"][-1]["label"] = label
    used = {"initial_skill": "order_tracking", "final_skill": "gone_skill"}
    shop.conversation("c", "routed", OWN, at, **used)
    for place, skill in enumerate(("order_tracking", "size_advice", "gone_skill")):
        shop.say("c", place + 1, skill=skill)
    shop.event("c", 5, "conversation_started", **used)
    for skill in ("order_tracking", "gone_skill"):
        shop.add("handoffs", OWN, conversation_id=skill, channel="sms", skill=skill, began_at=at, began_on=at.date(),
                 outcome="answered", handed_off_at=at, minutes_to_reply=7)  # fmt: skip
    home = published(Home(tmp_path / "home"), shop.published_rows())
    with in_thread(app(DuckDBFile(home))) as address:

        def shown(path: str, where: str, **query: str) -> str:
            page = parsed(httpx.get(f"{address}{path}", params={**OF, **query}, timeout=60).text)
            return words_of(required(page, where))

        thread = shown("conversations", ".//article[@class='thread']", conversation="c")
        chip = shown("conversations", ".//ul[@class='chips']", skill="order_tracking")
        chosen = shown("conversations", ".//select[@name='skill']")
        feed = shown("events", ".//table[@class='list feed']", event="conversation_started")
        grouped = shown("hand-offs", ".//table[@class='list handoffs-by']", by="skill")
        table = shown("", ".//table[@class='list skills']")
        built = shown("audiences", ".//form[@class='filters builder']")
        asked = {"metric0": "Had conversation", "skills0": "order_tracking,gone_skill", "channels0": "web_chat"}
        rule = shown("audiences", ".//div[@id='built']/ul", **asked)
    assert "Where is it? … Gone skill" in thread
    assert [thread.count(one) for one in ("· Where is it?", "· Size advice", "· Gone skill")] == [1, 1, 1]
    assert "skill: Where is it?" in chip
    assert "Where is it?Size advice" in chosen
    assert "Where is it?" in feed
    assert "Where is it?" in grouped
    assert "Gone skill" in grouped
    assert "Where is it?" in table
    assert "Size advice" in built
    assert "(channel is “Web chat”, and final skill is one of “Where is it?”, “Gone skill”)" in rule
    for text in (thread, chip, chosen, feed, grouped, table, built, rule):
        assert "rder tracking" not in text
        assert "_" not in text


@pytest.mark.parametrize(
    ("closed_by", "reason", "said"),
    [
        ("timeout", "unanswered", "Timed out unanswered at Jun 3, 2026, 12:00 AM"),
        ("timeout", None, "Timed out at Jun 3, 2026, 12:00 AM"),
        ("visitor", "unanswered", "Closed unanswered at Jun 3, 2026, 12:00 AM · Shopper"),
        ("handoff", None, "Closed at Jun 3, 2026, 12:00 AM · Handoff"),
        ("agent", None, "Closed at Jun 3, 2026, 12:00 AM · Agent"),
    ],
)
def test_a_thread_says_how_it_ended(tmp_path: Path, closed_by: str, reason: str | None, said: str) -> None:
    """A conversation that nobody answered was not closed by its shopper (rules 3.3 and 3.5)."""
    shop, at = Shop(), MIDNIGHT + timedelta(days=1)
    status = "open" if reason else "resolved"
    shop.conversation("c", status, OWN, at, closed_at=at + timedelta(days=1), closed_by=closed_by, open_reason=reason)
    shop.say("c", 1, "visitor")
    home = published(Home(tmp_path / "home"), shop.published_rows())
    with in_thread(app(DuckDBFile(home))) as address:
        page = parsed(httpx.get(f"{address}conversations", params={**OF, "conversation": "c"}, timeout=60).text)
    facts = [" ".join(words_of(part) for part in one) for one in page.iterfind(".//article[@class='thread']/dl/div")]
    assert said in [re.sub(r"\s", " ", one) for one in facts]
    assert not [one for one in facts if "Timeout" in one]


# What a figure counts


def test_a_product_page_leaves_open_what_its_link_leads_to(tmp_path: Path) -> None:
    """18 of 304 was said for 7 days and for 90, and the link showed 13 conversations."""
    shop, at = Shop(), MIDNIGHT
    shop.product("p", "The kettle")
    for key, channel, days, questions in (("a", "web_chat", 0, 2), ("b", "email", 2, 1), ("c", "email", -30, 4)):
        start = at + timedelta(days=days)
        shop.conversation(key, "open", OWN, start, channel=channel)
        for said in ["true"] * questions + ["false"]:
            shop.ask_of_product("p", key, start, "How heavy is it?", said)
    home = published(Home(tmp_path / "home"), shop.published_rows())
    with in_thread(app(DuckDBFile(home))) as address:
        for more, cells, behind in (
            ({}, ["3in 2 conversations", "5"], "2 conversations"),
            ({"channel": "email"}, ["1", "2"], "1 conversation"),
            ({"channel": "web_chat"}, ["2in 1 conversation", "3"], "1 conversation"),
            ({"dates": "2026-06-04..2026-06-07"}, [], ""),
        ):
            page = parsed(httpx.get(f"{address}knowledge", params={**OF, **more}, timeout=60).text)
            table = required(page, ".//table[@class='list products']")
            assert [words_of(one) for one in table.iterfind(".//td[@class='figure']")] == cells
            if behind:
                link = required(table, ".//tr[@data-product]//a").attrib["href"]
                led = parsed(httpx.get(address + link, timeout=60).text)
                assert words_of(required(led, ".//h2[@id='list-title']")) == behind
            else:
                assert "No question about a product is known to have gone unanswered" in words_of(table)


def test_lost_is_not_waiting(tmp_path: Path) -> None:
    """13.2: a shopper who was lost stood among those who wait, without a word."""
    shop, at = Shop(), MIDNIGHT
    for number, outcome in enumerate(("waiting", "lost", "lost", "answered")):
        began = at + timedelta(hours=number)
        shop.conversation(f"c{number}", "routed", OWN, began)
        shop.add("handoffs", OWN, conversation_id=f"c{number}", channel="sms", reason="refund", began_at=began,
                 began_on=began.date(), outcome=outcome, handed_off_at=began, minutes_to_reply=7)  # fmt: skip
    home = published(Home(tmp_path / "home"), shop.published_rows())
    with in_thread(app(DuckDBFile(home))) as address:
        overview, handoffs = (
            parsed(httpx.get(address + path, params=OF, timeout=60).text) for path in ("", "hand-offs")
        )
    waits = list(overview.iterfind(".//section[@aria-labelledby='waiting-title']//li"))
    assert [words_of(one).count("Lost") for one in waits] == [0, 1, 1]
    table = required(handoffs, ".//table[@class='list handoffs-by']")
    heads = [words_of(one) for one in table.iterfind(".//th[@class='figure']")]
    cells = [words_of(one) for one in table.iterfind(".//td[@class='figure']")]
    assert [(head, cell) for head, cell in zip(heads, cells, strict=True) if head in ("Waiting", "Lost")] == [
        ("Waiting", "1"),
        ("Lost", "2"),
    ]


def test_figures_that_differ_say_why(ask: Ask) -> None:
    """1,144 beside a list of 1,143, 754 routed beside 1,119 hand-offs, 179 people beside a row of 94."""
    overview, handoffs = (words_of(required(parsed(ask(path, **OF).text), ".//main")) for path in ("", "hand-offs"))
    assert "The list behind a skill has the conversations that started on these dates." in overview
    assert "“Routed” on the overview counts only those that went on to a person or a ticket" in handoffs
    assert overview.count("unanswered ones are not among them") == 2
    for more, days in (({}, "Jun 1 – 7, 2026"), ({"channel": "channel"}, "Jun 1 – 7, 2026, Channel")):
        panel = words_of(required(parsed(ask("knowledge", **OF, draft="topic", **more).text), ".//aside"))
        told = "The draft has everything that was asked since Jun 2, 2026. The list counts only these dates: "
        assert f"{told}{days}." in re.sub(r"\s", " ", panel)


@pytest.mark.parametrize("path", ["conversations", "knowledge", "hand-offs", "sales", "events"])
def test_a_list_in_pages_has_a_title_to_come_back_to(ask: Ask, path: str) -> None:
    (title,) = parsed(ask(path, **OF).text).iterfind(".//*[@id='list-title']")
    assert (title.tag, title.attrib.get("tabindex")) == ("h2", "-1")


# What is wrong with an address is said


@pytest.mark.parametrize(
    ("path", "query", "wrong"),
    [
        ("", {"account": "nope"}, "There is no account “nope”; this is rival name of an account."),
        ("sales", {"dates": "soon"}, "“soon” is not a range of dates; these are the last 30 days."),
        ("events", {"channel": "fax"}, "There is no channel “fax”; these are all channels."),
        ("data", {"language": "xx"}, "The page does not know the language “xx”."),
        ("", {"by": "mood"}, "Conversations cannot be grouped by “mood”."),
        ("hand-offs", {"by": "mood"}, "Hand-offs cannot be grouped by “mood”."),
        ("hand-offs", {"by": "outcome"}, "Hand-offs cannot be grouped by “outcome”."),
        ("conversations", {"order": "mood"}, "Conversations cannot be sorted by “mood”."),
        ("events", {"event": "party"}, "There is no event “party”."),
        ("conversations", {"statuses": "solved"}, "The filters are not applied: “statuses” is wrong"),
        ("conversations", {"from": "yesterday"}, "The filters are not applied: “from” is wrong"),
        ("conversations", {"from": "2026-05-01", "to": "2026-05-02"}, "their dates are outside of those chosen above"),
        ("conversations", {"search": "x" * 201}, "“search” is wrong in the address."),
        ("conversations", {"is_sold": "<b>"}, "“is_sold” is wrong in the address."),
        ("sales", {"from": "2026-06-01", "<b>": "1"}, "Left out, because it means nothing here: “from” or “<b>” in"),
        ("", {"at": "25"}, "Left out, because it means nothing here: “at” in the address."),
        ("conversations", {"words": "x" * 2001}, "Left out, because it means nothing here: “words” in the address."),
        ("conversations", {"at": "99999"}, "The list has no such place; this is its beginning."),
        ("events", {"at": "-1"}, "The list has no such place; this is its beginning."),
        ("hand-offs", {"at": "²"}, "The list has no such place; this is its beginning."),
    ],
)  # fmt: skip
def test_what_an_address_asks_in_vain_is_said_in_the_page(
    ask: Ask, path: str, query: dict[str, str], wrong: str
) -> None:
    answer = ask(path, **{**OF, **query})
    assert answer.status_code == 200
    (told,) = said(answer)
    assert wrong in told
    right = ask(path, **OF)
    assert said(right) == []


@pytest.mark.parametrize("section", ["conversations", "events", "hand-offs", "sales", "knowledge"])
@pytest.mark.parametrize("key", ["gone", "rival talk 00", "<b>", "'; drop table x --"])
def test_a_conversation_that_is_not_there_is_said_in_its_panel(ask: Ask, section: str, key: str) -> None:
    name = "draft" if section == "knowledge" else "conversation"
    answer = ask(section, **OF, **{name: key})
    panel = required(parsed(answer.text), ".//aside[@id='panel']")
    assert "The newest publication has no such" in words_of(panel)
    assert panel.find(".//article") is None


def test_filters_that_are_wrong_hide_nothing(ask: Ask) -> None:
    wrong, without = (parsed(ask("conversations", **OF, **more).text) for more in ({"statuses": "x"}, {}))
    assert words_of(required(wrong, ".//h2[@id='list-title']")) == words_of(
        required(without, ".//h2[@id='list-title']")
    )


# One address for the same thing


@pytest.mark.parametrize(
    ("given_", "leads"),
    [
        ("?dates=any&first=2026-06-01&last=2026-06-07", "./?dates=2026-06-01..2026-06-07"),
        ("sales?dates=any&first=2026-06-01&last=2026-06-07&channel=", "sales?dates=2026-06-01..2026-06-07"),
        ("sales?dates=2026-06-07..2026-06-01", "sales?dates=2026-06-01..2026-06-07"),
        ("sales?dates=7&first=2026-06-01&last=2026-06-07", "sales?dates=7"),
        ("sales?dates=any&first=2026-06-01", "sales?dates=any"),
        ("sales?first=2026-06-01", "sales"),
        ("conversations?statuses=open&statuses=closed", "conversations?statuses=open%2Cclosed"),
        ("conversations?tags=a%2C+b&tags=c", "conversations?tags=%5B%22a%2C+b%22%2C+%22c%22%5D"),
        ("conversations?search=&profile=", "conversations"),
        ("conversations?search=&search=", "conversations"),
        ("?conversation=c&account=shop", "conversations?conversation=c&account=shop"),
        ("?statuses=open&account=shop", "conversations?statuses=open&account=shop"),
        ("?draft=t&account=shop", "knowledge?draft=t&account=shop"),
    ],
)
def test_a_form_leads_to_the_address_of_what_it_shows(address: str, given_: str, leads: str) -> None:
    answer = httpx.get(address + given_)
    assert (answer.status_code, answer.headers["Location"]) == (303, leads)
    followed = httpx.get(address + given_, follow_redirects=True, timeout=60)
    assert followed.status_code == 200
    assert len(followed.history) == 1


@pytest.mark.parametrize("path", ["?account=shop&dates=7", "conversations?tags=%5B%22%22%5D", "?x=%C3%A9", "data"])
def test_an_address_that_says_it_already_is_answered(address: str, path: str) -> None:
    assert httpx.get(address + path, timeout=60).status_code == 200


# Links


def test_every_link_leads_to_a_page_that_keeps_what_is_chosen(address: str) -> None:
    """All that can be clicked, from every section on, once for each kind of address."""
    asked = {"account": OWN, "dates": DATES, "channel": "channel", "language": "de"}
    first = httpx.URL(address).copy_merge_params(asked)
    waiting, seen = [first], {kind_of(first)}
    with httpx.Client(timeout=60) as client:
        while waiting:
            url = waiting.pop()
            answer = client.get(url)
            assert answer.status_code == 200, url
            if not answer.headers["Content-Type"].startswith("text/html"):
                continue
            page = parsed(answer.text)
            assert [words_of(one) for one in page.iterfind(".//p[@role='alert']")] == [], url
            for link in page.iter("a"):
                to = url.join(link.attrib["href"]).copy_with(fragment=None)
                if str(to).startswith(address) and not to.path.startswith("/static") and kind_of(to) not in seen:
                    seen.add(kind_of(to))
                    waiting.append(to)
                    kept = {name: to.params.get(name) for name in asked}
                    if to.path == "/conversations.csv":
                        kept |= {"dates": DATES, "language": "de", "channel": to.params.get("channels")}
                    if to.path == "/knowledge/article":
                        kept |= {"dates": DATES, "channel": "channel"}
                    assert kept == asked, to
    paths = {path for path, _ in seen}
    assert {f"/{path}" for path in PATHS.values()} | {"/conversations.csv", "/knowledge/article"} <= paths
    assert len(seen) > 40


def kind_of(url: httpx.URL) -> tuple[str, str]:
    few = {"by", "event", "order", "statuses", "shape"}  # of which each value is another kind
    return url.path, " ".join(sorted(f"{name}={value if name in few else ''}" for name, value in url.params.items()))


def test_a_list_is_shown_in_pages(ask: Ask) -> None:
    found: list[str] = []
    answer = ask("conversations", **OF, order="started")
    for _ in range(9):
        page = parsed(answer.text)
        found += [row.attrib["data-conversation"] for row in page.iterfind(".//tr[@data-conversation]")]
        after = page.find(".//a[@rel='next']")
        if after is None:
            break
        to = urlsplit(after.attrib["href"])
        answer = ask(to.path, **dict(parse_qsl(to.query)))
    assert found == [f"talk {number:02}" for number in reversed(range(30))]
    before = urlsplit(required(page, ".//a[@rel='prev']").attrib["href"])
    assert "at" not in dict(parse_qsl(before.query))
    beyond = parsed(ask("conversations", **OF, order="started", at="1000").text)
    assert required(beyond, ".//tr[@data-conversation]").attrib["data-conversation"] == "talk 29"


def test_what_is_filtered_stands_in_words_and_can_be_taken_off(ask: Ask) -> None:
    asked = {
        "search": "first question", "profile": "name", "statuses": "open,routed", "tags": "tag", "topic": "topic",
        "product": "product", "skill": "skill", "is_sold": "yes", "is_clicked": "yes", "is_recontacted": "yes",
        "is_deflected": "yes", "least_messages": "1", "most_messages": "1000", "updated_from": "2026-06-01",
        "updated_to": "2026-06-07", "channels": "channel", "from": "2026-06-02", "to": "2026-06-03",
    }  # fmt: skip
    answer = ask("conversations", **OF, **asked, order="started", at="25")
    assert said(answer) == ["The list has no such place; this is its beginning."]
    chips = {
        words_of(required(one, "span")): dict(parse_qsl(urlsplit(required(one, "a").attrib["href"]).query))
        for one in parsed(answer.text).iterfind(".//ul[@class='chips']/li")
        if one.get("class") != "all"
    }
    kept = {**OF, **asked, "order": "started"}
    taken_off = {text: set(kept) - set(query) for text, query in chips.items()}
    assert all(query.items() <= kept.items() for query in chips.values())
    assert taken_off.pop(one_like(chips, "started")) == {"from", "to"}
    assert sorted(taken_off.values(), key=min) == sorted(({one} for one in set(asked) - {"from", "to"}), key=min)
    words = " | ".join(chips)
    for part in ("“first question”", "“name”", "Open or Routed", "tagged tag", "Label of topic hidden-text",
                 "title of a product", "skill: Skill", "1,000", "by Channel"):  # fmt: skip
        assert part in words, part


def one_like(texts: dict[str, dict[str, str]], beginning: str) -> str:
    (found,) = [one for one in texts if one.startswith(beginning)]
    return found


@pytest.mark.parametrize("name", ["topic", "product", "skill"])
def test_a_filter_of_something_that_is_gone_is_said_in_words(ask: Ask, name: str) -> None:
    """Ids of topics and products stood there, which say nothing."""
    page = parsed(ask("conversations", **OF, **{name: "0123-gone"}).text)
    chip = words_of(required(page, ".//ul[@class='chips']/li/span"))
    assert ("0123-gone" in chip) is (name == "skill")
    assert required(page, ".//td[@class='nothing']") is not None


# Parts


def test_segments_are_told_in_the_visitor_s_language(ask: Ask) -> None:
    """Names of others' segments stay as they are."""
    asked = {**OF, "language": "ko", "metric0": "Placed Order", "did0": "did not", "days0": "7"}
    page = parsed(ask("audiences", **asked).text)
    built = words_of(required(page, ".//div[@id='built']"))
    assert "다음 조건에 해당하는 고객: 지난 7일 동안 ‘주문함’ 없음." in built
    assert "metric: Placed Order" in (required(page, ".//textarea[@id='segment-text']").text or "")
    lacking = {**OF, "language": "de", "metric0": "Placed Order", "channels0": "sms"}
    assert "„Bestellung aufgegeben“ hat keinen Kanal" in words_of(parsed(ask("audiences/count", **lacking).text))


def test_the_number_of_a_segment_comes_alone_and_its_file_is_the_definition(
    ask: Ask, telling_home: Home, tmp_path: Path
) -> None:
    chosen = {"name": "Käufer 2026", "metric0": "Had conversation", "times0": "1", "days0": "0", "tags0": "tag",
              "did1": "did not", "metric1": "Placed Order", "days1": "30"}  # fmt: skip
    saved = ask("audiences/segment.yml", **OF, **chosen)
    assert saved.headers["Content-Disposition"] == 'attachment; filename="kaeufer_2026.yml"'
    file = tmp_path / "kaeufer_2026.yml"
    file.write_bytes(saved.content)
    with DuckDBFile(telling_home).read() as reader:
        as_of = segments(reader, OWN).publication.as_of
        wanted = counted(reader, OWN, read(file).segment.definition, as_of)
    assert wanted.member_count == 1
    part = parsed(ask("audiences/count", **OF, **chosen).text)
    assert part.attrib["id"] == "built"
    assert words_of(required(part, ".//p[@class='count']/strong")) == "1 known shopper"
    whole = parsed(ask("audiences", **OF, **chosen).text)
    assert words_of(required(whole, ".//div[@id='built']//p[@class='count']/strong")) == "1 known shopper"
    assert required(whole, ".//textarea").text == saved.text


def test_a_name_that_a_segment_has_already_is_said(ask: Ask) -> None:
    """The file would have taken the place of the definition that is there."""
    taken = {"metric0": "Had conversation", "name": "Segment"}
    said_of = [ask("audiences/count", **OF, **{**taken, "name": name}).text for name in ("Segment", "Segment 2")]
    assert [("There is a segment with the file segment.yml already." in one) for one in said_of] == [True, False]


def test_a_segment_of_nothing_is_not_a_file(ask: Ask) -> None:
    nothing = ask("audiences/segment.yml", **OF, name="x")
    assert (nothing.status_code, nothing.text) == (400, "Nothing is chosen.")
    wrong = ask("audiences/segment.yml", **OF, metric0="Placed Order", tags0="tag")
    assert wrong.status_code == 400
    assert "“Placed Order” has no tag" in wrong.text
    assert "“Placed Order” has no tag" in ask("audiences/count", **OF, metric0="Placed Order", tags0="tag").text


def test_a_draft_is_a_file_as_helpdesks_take_articles(ask: Ask) -> None:
    def article(shape: str, **more: str) -> httpx.Response:
        return ask("knowledge/article", **OF, draft="topic", shape=shape, **more)

    text = article("markdown")
    assert text.headers["Content-Disposition"] == 'attachment; filename="article.md"'
    assert text.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert "## Questions to answer" in text.text
    shown = parsed(ask("knowledge", **OF, draft="topic").text)
    assert required(shown, ".//textarea[@id='draft-text']").text == text.text
    klaviyo, zendesk, gorgias = (article(shape, language="pt") for shape in ("klaviyo", "zendesk", "gorgias"))
    for answer in (klaviyo, zendesk, gorgias):
        assert answer.headers["Content-Disposition"] == 'attachment; filename="article.json"'
        assert answer.headers["Content-Type"] == "application/json"
    source = klaviyo.json()["data"]["attributes"]["source"]
    assert (source["source_type"], source["content"]) == ("snippet", article("markdown", language="pt").text)
    assert "## Perguntas a responder" in source["content"]
    one, other = zendesk.json()["article"], gorgias.json()["translation"]
    assert one["title"] == other["title"] == "Label of topic hidden-text"
    assert (one["locale"], one["draft"], other["locale"]) == ("pt-br", True, "pt-BR")
    for body in (one["body"], other["content"]):
        tree = parsed(f"<div>{body}</div>")
        assert [words_of(item) for item in tree.iter("li")] == ["question …? …"]


def test_no_article_that_is_near_is_not_no_article(ask: Ask) -> None:
    """Every row said "no article" of an account with thirty."""
    assert "nearest article: none near" in words_of(parsed(ask("knowledge", **OF).text))
    assert "artigo mais próximo: nenhum próximo o bastante" in words_of(
        parsed(ask("knowledge", **OF, language="pt").text)
    )


def test_what_a_person_put_back_is_listed_with_the_reason_8_5(tmp_path: Path) -> None:
    """A topic that was reopened stayed off the page, because it was not a gap by its figures."""
    shop = telling_shop()
    for topic in shop.rows["knowledge_gap_topics"]:
        topic |= {"is_gap": "false", "decided_at": MIDNIGHT}
    home = published(Home(tmp_path / "home"), told_rows(shop, str))
    with in_thread(app(DuckDBFile(home))) as address:
        shown = words_of(parsed(httpx.get(f"{address}knowledge", params=OF, timeout=60).text))
    assert "1 open gap among 1 topic" in shown
    assert "listed by a decision of" in shown


def test_an_article_for_a_helpdesk_has_no_markup_of_strangers(tmp_path: Path) -> None:
    home = told_home(Home(tmp_path / "home"), "{} <script>alert(1)</script> & <b>".format)
    with in_thread(app(DuckDBFile(home))) as address:
        query = {**OF, "draft": "topic <script>alert(1)</script> & <b>", "shape": "zendesk"}
        body = httpx.get(f"{address}knowledge/article", params=query, timeout=60).json()["article"]["body"]
    assert {one.tag for one in parsed(f"<div>{body}</div>").iter()} == {"div", "h2", "ul", "li", "p"}
    assert "<b>" in words_of(parsed(f"<div>{body}</div>"))


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"draft": "topic", "shape": "word"}, "There is no shape “word”."),
        ({"draft": "gone"}, "The newest publication has no such topic."),
        ({"draft": ""}, "The newest publication has no such topic."),
        ({}, "The newest publication has no such topic."),
    ],
)
def test_what_is_wrong_with_a_draft_is_said(ask: Ask, query: dict[str, str], wrong: str) -> None:
    answer = ask("knowledge/article", **OF, **query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "text/plain; charset=utf-8")
    assert wrong in answer.text


def test_news_is_the_newest_publication(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with in_thread(app(DuckDBFile(home))) as address:
        assert httpx.get(f"{address}news").json() == {"publication": None}
        told = []
        for _ in range(2):
            published(home, asked_shop().published_rows())
            page = parsed(httpx.get(address, timeout=60).text)
            told.append(httpx.get(f"{address}news").json()["publication"])
            assert required(page, "body").attrib["data-publication"] == told[-1]
    assert told[0] < told[1]


# The installation beside the publication


DELIVERIES = """
[[accounts]]
account_id = "shop"
timezone = "America/Sao_Paulo"
currency = "BRL"
language = "de"
[accounts.deliveries.klaviyo]
segments = ["escalated_7_days"]
[accounts.deliveries.folder]
path = "files"
events = true
"""


def test_deliveries_refused_hand_offs_and_the_language_are_those_of_the_account(tmp_path: Path) -> None:
    """Nobody learned of refused hand-offs who does not look into the command."""
    home = told_home(Home(tmp_path / "home"))
    (tmp_path / "agent-metrics.toml").write_text(DELIVERIES, "utf-8")
    values = "values (?, ?, 'channel', 'zendesk', 'ticket', ?, 'refused', 1, null, ?, null, '<b>suspended</b>')"
    instants = ("2026-06-07T10:00:00.000000Z",) * 2
    with Ledger(home.deliveries) as ledger:
        Delivered(OWN, "folder", "event", outcome="failed", error="disk <full>").note(ledger)
        for account, key in ((OWN, "talk 00"), (RIVAL, "rival talk 00")):
            ledger.run(f"insert into handoffs {values}", account, key, *instants)
    with serving(tmp_path, "--home", str(home.root)) as page:
        german = parsed(page.get("audiences", OF).text)
        assert german.attrib["lang"] == "de"
        assert parsed(page.get("audiences", {"account": RIVAL}).text).attrib["lang"] == "en"
        english = {**OF, "language": "en"}
        table = required(parsed(page.get("audiences", english).text), ".//table[@class='list deliveries']")
        rows = [words_of(row) for row in table.iterfind("tbody/tr")]
        assert len(rows) == 2
        assert "escalated_7_days" in rows[0]
        assert "Look at it: it is switched on and was never made" in rows[0]
        assert "disk <full>" in rows[1]
        assert parsed(page.get("audiences", {"account": RIVAL}).text).find(".//table[@class='list deliveries']") is None
        refused = required(parsed(page.get("hand-offs", english).text), ".//table[@class='list refused']")
        (row,) = refused.iterfind("tbody/tr")
        assert "<b>suspended</b>" in words_of(row)
        assert "talk 00" in words_of(row)
        assert "1 hand-off was refused by the helpdesk" in words_of(parsed(page.get("", english).text))
        own = {**english, "draft": "topic", "shape": "markdown"}  # the article is for the shop's own pages
        assert "## Zu beantwortende Fragen" in page.get("knowledge/article", own).text
        shown = parsed(page.get("knowledge", own).text)
        assert "## Zu beantwortende Fragen" in (required(shown, ".//textarea[@id='draft-text']").text or "")
        assert "<h2>Zu beantwortende Fragen</h2>" in page.get("knowledge/article", {**own, "shape": "zendesk"}).text
        assert "0 hand-off" not in words_of(parsed(page.get("", {"account": RIVAL}).text))


def test_what_the_installation_cannot_tell_takes_nothing_else_along(telling_home: Home) -> None:
    def broken(account: str) -> tuple[()]:
        raise StorageFailed("the book of deliveries cannot be read")

    def unreadable() -> None:
        raise PermissionError("check.json")

    with in_thread(app(DuckDBFile(telling_home), Installation(broken, broken, {}, unreadable))) as address:
        for path, query in everywhere():
            assert httpx.get(address + path, params=query, timeout=60).status_code == 200, path
        for path in ("audiences", "hand-offs"):
            page = parsed(httpx.get(address + path, params=OF, timeout=60).text)
            main = required(page, ".//main")
            assert "cannot be read now; agent-metrics status says why" in words_of(main)
            assert "agent-metrics status" in [one.text for one in main.findall(".//p/code")]


# The report of the gate


def test_the_report_of_the_gate_names_every_check_and_shows_rows_to_who_may_see_them(telling_home: Home) -> None:
    """Somebody who looks whether the figures can be trusted saw how many checks there were, and not which."""
    rows = [{"message_id": "m1", "text": "<b>hidden-text</b>", "sent_at": None}]
    outcomes = (
        Outcome("messages are sound", "messages", "2.1", "critical", "passed", 0, [], "select 1"),
        Outcome("messages have texts", "messages", "2.2", "warning", "failed", 1, rows, "select 2"),
        Outcome("orders are sound", "orders", "metrics.yml", "critical", "error", 0, [], "select 3", "no <such> table"),
    )
    checked = Checked("build", {}, None, "2026-06-07T12:00:00Z", Verdict(False, 1, 3, "all", outcomes))
    installation = Installation(checked=lambda: checked)
    tokens = Tokens((("s" * 32, Access()), ("n" * 32, Access(texts=False))))
    with in_thread(Door(Pages(DuckDBFile(telling_home), installation).app(), tokens)) as address:
        for secret, sees_rows in (("s" * 32, True), ("n" * 32, False)):
            headers = {"Authorization": f"Bearer {secret}"}
            answer = httpx.get(f"{address}data", params=OF, headers=headers, timeout=60)
            page = parsed(answer.text)
            named = [words_of(one) for one in page.iterfind(".//details[@data-checks]//li")]
            assert named == ["messages are sound 2.1", "messages have texts 2.2", "orders are sound"]
            heads = [words_of(one) for one in page.iterfind(".//details[@data-checks]/h3")]
            assert heads == ["messages 1 of 2 checks passed", "orders 0 of 1 checks passed"]
            contradicted = required(page, ".//section[@aria-labelledby='checks-title']/table")
            assert "not known" in words_of(contradicted)
            assert "no <such> table" in words_of(contradicted)
            cells = [words_of(one) for one in page.iterfind(".//div[@class='scroll']//td")]
            assert cells == (["m1", "<b>hidden-text</b>", "–"] if sees_rows else [])
            assert ("hidden-text" in answer.text.partition('id="checks-title"')[2]) is sees_rows


# What is not there, and what fails


@pytest.mark.parametrize("path", ["nowhere", "sales/nowhere", "a/b/c", "%2e%2e/etc/passwd", "<b>"])
def test_an_address_of_nothing_is_a_page_that_leads_back(address: str, path: str) -> None:
    answer = httpx.get(address + path, params={"language": "de"}, timeout=60)
    assert answer.status_code == 404
    page = parsed(answer.text)
    assert "Unter dieser Adresse gibt es nichts." in words_of(required(page, ".//main"))
    for one in (required(page, ".//main//a"), required(page, ".//link[@rel='stylesheet']")):
        assert httpx.get(answer.url.join(one.attrib["href"]), timeout=60, follow_redirects=True).status_code == 200


def test_what_is_only_read_says_so(address: str) -> None:
    answer = httpx.post(f"{address}sales", data={"x": "y"}, timeout=60)
    assert answer.status_code == 405
    assert "This address is only for reading." in answer.text


def test_a_defect_is_a_page_without_its_words(telling_home: Home) -> None:
    def broken(account: str) -> tuple[()]:
        raise RuntimeError("canary")

    with in_thread(app(DuckDBFile(telling_home), Installation(refused=broken))) as address:
        answer = httpx.get(f"{address}hand-offs", params=OF, timeout=60)
        assert answer.status_code == 500
        assert "The page failed at this." in words_of(required(parsed(answer.text), ".//main"))
        assert "canary" not in answer.text
        assert httpx.get(f"{address}sales", params=OF, timeout=60).status_code == 200


# Before there is anything, and when it cannot be read


def test_before_the_first_publication_every_section_says_what_to_do(tmp_path: Path) -> None:
    with in_thread(app(DuckDBFile(Home(tmp_path / "home")))) as address:
        for path, query in everywhere():
            answer = httpx.get(address + path, params=query, timeout=60)
            assert answer.status_code == (400 if path.endswith("csv") else 200)
            if path != "news":
                assert "Nothing is published yet." in answer.text
                assert str(tmp_path) not in answer.text
            if path in PATHS.values():
                page = parsed(answer.text)
                assert [words_of(one) for one in page.iter("code")] == [
                    *("agent-metrics demo", "agent-metrics run", "agent-metrics doctor")
                ]
        german = httpx.get(address, headers={"Accept-Language": "de"}, timeout=60)
        assert parsed(german.text).attrib["lang"] == "de"


def test_a_warehouse_that_is_away_is_said_and_is_not_this_page_s_fault(tmp_path: Path) -> None:
    away = Postgres(Home(tmp_path), Address.of(f"postgresql://nobody:canary@/shop?host={tmp_path}"))
    with in_thread(app(away)) as address:
        for path, query in everywhere():
            answer = httpx.get(address + path, params=query, timeout=60)
            assert answer.status_code == (200 if path == "news" else 503), path
            assert "canary" not in answer.text
            assert "Traceback" not in answer.text
        assert httpx.get(f"{address}news").json() == {"publication": None}


# Whatever an address holds


ODD = [
    *(
        "",
        " ",
        "0",
        "-1",
        "9" * 30,
        "٣",
        "x" * 3000,
        "\x00",
        "\ud7ff",
        "😀",
        "%",
        "%00",
        "%zz",
        "'",
        '"',
        "\\",
        ";",
        "--",
    ),
    *("' or 1=1 --", "../../etc/passwd", "<script>alert(1)</script>", "{{7*7}}", "{% raw %}", "%(count)s", "\u202e"),
    *("[", "[]", '["a"]', "[1]", "[" * 500, "null", ",", ",,,", "a,b", "inf", "NaN", "1e9", "\r\n", "yes", "no"),
    *("2026-02-30", "2026-06-01", "0001-01-01..9999-12-31", "1970-01-01..2100-12-31", "any", "month", "did not"),
]
GOOD = [
    *(OWN, RIVAL, DATES, "7", "90", "channel", "talk 00", "topic", "product", "skill", "tag", "open", "routed,closed"),
    *("Had conversation", "Placed Order", "conversation_escalated", "zendesk", "gorgias", "markdown"),
    *(*GROUPS, *ORDERS, *NAMES, "reason", "platform", "outcome"),
]
NAMED = """
account dates channel language first last at by event order conversation draft shape name holds_back from to search
profile channels statuses tags least_messages most_messages updated_from updated_to topic product skill is_sold
is_clicked is_recontacted is_deflected open_reason words rating escalation_reason x []
"""
OF_CONDITIONS = [f"{what}{at}" for at in range(4) for what in ("did", "metric", "times", "days", *FILTERS)]
ROUTES = [
    *PATHS.values(),
    *("audiences/count", "audiences/segment.yml", "knowledge/article", "conversations.csv", "news", "static/page.css"),
    *("static/../app.py", "static/%2e%2e/app.py", "static/%00", "static/" + "x" * 300, "none", "data/", "//", "%00"),
    *("conversations/..", "login", "é"),
]
VALUES = st.sampled_from(ODD) | st.sampled_from(GOOD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(ROUTES), st.lists(st.tuples(st.sampled_from([*NAMED.split(), *OF_CONDITIONS]), VALUES), max_size=8)
)
def test_no_address_breaks_the_page(address: str, path: str, query: list[tuple[str, str]]) -> None:
    asked = "&".join(f"{quote(name)}={quote(value, safe='%')}" for name, value in query)
    status, headers, body = got_exactly(address, f"{quote(path, safe='/%.')}?{asked}")
    assert status in (200, 303, 307, 400, 404), body
    if status == 200 and headers["content-type"].startswith("text/html"):
        page = parsed(body.decode())
        assert not [one for one in page.iter("script") if one.text or one.attrib.get("src") != "static/page.js"]
