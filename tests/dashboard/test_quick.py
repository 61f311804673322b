"""People who are quicker than the answers: whatever they chose, typed or clicked meanwhile is in what comes next."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from flows.ground.home import Home
from tests.dashboard.browser import PATIENCE, Visitor, chromium
from tests.dashboard.serving import serving
from tests.dashboard.shop import DATES, OWN, RIVAL

A_WHILE = 700  # milliseconds: longer than the page waits for the next letter


@pytest.fixture(scope="module")
def address(telling_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("quick"), "--home", str(telling_home.root)) as page:
        yield page.address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as one:
        yield one


@pytest.fixture
def visitor(browser: Browser, address: str) -> Iterator[Visitor]:
    one = Visitor(browser, address)
    yield one
    one.close()


@pytest.fixture
def talks(visitor: Visitor) -> Page:
    """The list of 30 conversations, each with the words "answer" and "message of a shopper"."""
    return visitor.open("conversations", account=OWN, dates=DATES)


@contextmanager
def slow(page: Page, part: str) -> Iterator[None]:
    """The first answer to an address with `part` comes when the block ends."""
    held: list[Route] = []
    page.route(re.compile(re.escape(part)), lambda route: held.append(route), times=1)  # noqa: PLW0108 - it wants a function
    yield
    assert held, f"nobody asked for {part}"
    for one in held:
        one.continue_()


def search(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search")


def chips(page: Page) -> Locator:
    return page.locator(".chips")


def query(page: Page) -> dict[str, str]:
    """What the address asks for."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def settled(page: Page, **parts: str | None) -> dict[str, str]:
    """What the address asks for, when nothing is on its way any more; it has `parts`, and those of None not."""
    until = time.monotonic() + PATIENCE / 1000
    while any(query(page).get(name) != value for name, value in parts.items()) and time.monotonic() < until:
        page.wait_for_timeout(50)
    page.wait_for_timeout(A_WHILE)
    expect(page.locator("main:not([aria-busy])")).to_be_visible()
    found = query(page)
    assert {name: found.get(name) for name in parts} == parts
    return found


def test_letters_that_are_typed_while_the_first_are_looked_for(talks: Page) -> None:
    with slow(talks, "words=ans"):
        search(talks).press_sequentially("ans")
        talks.wait_for_timeout(A_WHILE)
        search(talks).press_sequentially("wer")
    settled(talks, words="answer")
    expect(search(talks)).to_have_value("answer")
    expect(search(talks)).to_be_focused()
    expect(chips(talks)).to_contain_text("answer")


def test_a_letter_goes_where_somebody_puts_it(talks: Page) -> None:
    with slow(talks, "words=aswer"):
        search(talks).press_sequentially("aswer")
        for _ in range(4):
            search(talks).press("ArrowLeft")
        talks.wait_for_timeout(A_WHILE)
    settled(talks, words="aswer")
    talks.keyboard.type("n")
    settled(talks, words="answer")


def test_words_that_are_typed_while_the_dates_change(talks: Page) -> None:
    with slow(talks, "dates=90"):
        talks.get_by_label("Dates").select_option("90")
        search(talks).fill("ans")
        talks.wait_for_timeout(A_WHILE)
        search(talks).press_sequentially("wer")
    settled(talks, words="answer", dates="90")
    expect(chips(talks)).to_contain_text("answer")


def test_one_search_is_one_step_back(talks: Page) -> None:
    search(talks).press_sequentially("answer")
    settled(talks, words="answer")
    talks.go_back()
    settled(talks, words=None)
    expect(search(talks)).to_have_value("")
    expect(chips(talks)).to_have_count(0)


def test_a_row_is_opened_beside_the_words_that_were_just_typed(talks: Page) -> None:
    search(talks).press_sequentially("shopper")
    talks.locator("a.row").first.click()
    found = settled(talks, words="shopper")
    assert found["conversation"]
    expect(talks.locator("#panel")).to_be_focused()
    expect(search(talks)).to_have_value("shopper")
    expect(chips(talks)).to_contain_text("shopper")


def test_a_row_is_opened_while_the_words_are_looked_for(talks: Page) -> None:
    with slow(talks, "words=answer"):
        search(talks).press_sequentially("answer")
        talks.wait_for_timeout(A_WHILE)
        talks.locator("a.row").first.click()
    assert settled(talks, words="answer")["conversation"]
    expect(talks.locator("#panel")).to_be_visible()


def test_who_types_on_while_a_row_opens_stays_in_the_field(talks: Page) -> None:
    with slow(talks, "conversation="):
        talks.locator("a.row").first.click()
        search(talks).press_sequentially("ans")
    talks.wait_for_timeout(50)
    expect(search(talks)).to_be_focused()
    search(talks).press_sequentially("wer")
    settled(talks, words="answer")
    expect(search(talks)).to_have_value("answer")


def test_a_chip_is_taken_off_and_the_words_that_were_just_typed_stay(visitor: Visitor) -> None:
    page = visitor.open("conversations", account=OWN, dates=DATES, statuses="open", tags="tag")
    search(page).press_sequentially("answer")
    page.get_by_role("link", name="Take off: Open").click()
    assert settled(page, words="answer", statuses=None)["tags"] == "tag"


def test_two_chips_are_taken_off_one_after_the_other(visitor: Visitor) -> None:
    page = visitor.open("conversations", account=OWN, dates=DATES, statuses="open", tags="tag")
    with slow(page, "conversations?"):
        page.get_by_role("link", name="Take off: Open").click()
        page.get_by_role("link", name="Take off: tagged").click()
        expect(page.locator("main[aria-busy]")).to_be_visible()
    settled(page, statuses=None, tags=None)


def test_to_clear_the_filters_clears_what_is_half_typed(visitor: Visitor) -> None:
    page = visitor.open("conversations", account=OWN, dates=DATES, statuses="open", tags="tag")
    search(page).press_sequentially("answer")
    page.get_by_role("link", name="Clear filters").click()
    settled(page, words=None, statuses=None, tags=None)
    expect(search(page)).to_have_value("")


def test_another_list_begins_at_its_beginning(visitor: Visitor) -> None:
    page = visitor.open("conversations", account=OWN, dates=DATES, at="25")
    expect(page.locator(".turn")).to_contain_text("26 to 30")
    search(page).press_sequentially("answer")
    page.locator("a.row").first.click()
    settled(page, words="answer", at=None)
    expect(page.locator(".turn")).to_contain_text("1 to 25")


def test_dates_that_were_just_chosen_go_along_to_another_section(talks: Page) -> None:
    with slow(talks, "dates=7"):
        talks.get_by_label("Dates").select_option("7")
        talks.get_by_role("link", name="Knowledge").click()
        talks.wait_for_url("**/knowledge?**")
    settled(talks, dates="7")
    expect(talks.get_by_label("Dates")).to_have_value("7")


def test_whoever_goes_elsewhere_takes_the_words_back(talks: Page) -> None:
    with slow(talks, "words=answer"):
        search(talks).press_sequentially("answer")
        search(talks).press("Enter")
        talks.get_by_role("link", name="Knowledge").click()
        talks.wait_for_url("**/knowledge?**")
        assert "words" not in query(talks)
    talks.go_back()
    talks.wait_for_url("**/conversations?**")
    settled(talks, words=None)
    expect(search(talks)).to_have_value("")
    expect(chips(talks)).to_have_count(0)


def test_dates_that_are_being_typed_are_not_taken_away_by_an_answer(talks: Page) -> None:
    with slow(talks, "words=answer"):
        search(talks).press_sequentially("answer")
        talks.wait_for_timeout(A_WHILE)
        talks.get_by_label("Dates").select_option("any")
        talks.keyboard.type("0602")  # the year is still missing
    talks.wait_for_url("**words=answer**")
    expect(talks.locator("main:not([aria-busy])")).to_be_visible()
    talks.keyboard.type("2026")
    talks.keyboard.press("Tab")
    talks.get_by_label("to", exact=True).fill("2026-06-03")
    search(talks).focus()
    settled(talks, words="answer", dates="2026-06-02..2026-06-03")


def test_a_range_and_words_right_after_it(talks: Page) -> None:
    talks.get_by_label("Dates").select_option("any")
    talks.get_by_label("From").fill("2026-06-03")
    talks.get_by_label("to", exact=True).fill("2026-06-02")
    search(talks).click()
    talks.keyboard.type("answer")
    settled(talks, words="answer", dates="2026-06-02..2026-06-03")  # the earlier date first, as the page shows it
    expect(talks.get_by_label("From")).to_have_value("2026-06-02")


def test_a_range_that_is_sent_by_the_enter_key(talks: Page) -> None:
    talks.get_by_label("Dates").select_option("any")
    talks.get_by_label("From").fill("2026-06-02")
    talks.keyboard.press("Enter")
    settled(talks, dates="2026-06-02..2026-06-07")


def test_what_is_taken_back_before_its_answer_is_not_shown(talks: Page) -> None:
    with slow(talks, "words=answer"):
        search(talks).press_sequentially("answer")
        talks.wait_for_timeout(A_WHILE)
        search(talks).press("Escape")
        expect(search(talks)).to_have_value("")
        talks.wait_for_timeout(A_WHILE)
    settled(talks, words=None)
    expect(talks.locator("main:not([aria-busy])")).to_be_visible()
    expect(chips(talks)).to_have_count(0)


def test_back_while_an_answer_is_on_its_way(talks: Page) -> None:
    talks.locator("a.row").first.click()
    expect(talks.locator("#panel")).to_be_visible()
    with slow(talks, "words=answer"):
        search(talks).press_sequentially("answer")
        talks.wait_for_timeout(A_WHILE)
        talks.go_back()
    settled(talks, words=None, conversation=None)
    expect(talks.locator("#panel")).to_have_count(0)
    expect(search(talks)).to_have_value("")


def test_a_letter_of_several_keystrokes_is_not_cut_off(talks: Page) -> None:
    keys = talks.context.new_cdp_session(talks)
    with slow(talks, "dates=90"):
        talks.get_by_label("Dates").select_option("90")
        search(talks).focus()
        for part in ("ㅂ", "배"):
            keys.send("Input.imeSetComposition", {"text": part, "selectionStart": 1, "selectionEnd": 1})
    talks.wait_for_timeout(A_WHILE)
    assert "words" not in query(talks)
    keys.send("Input.imeSetComposition", {"text": "밴", "selectionStart": 1, "selectionEnd": 1})
    keys.send("Input.insertText", {"text": "배송"})
    settled(talks, words="배송", dates="90")
    expect(search(talks)).to_have_value("배송")


def test_conditions_of_a_segment_stay_when_the_dates_change(visitor: Visitor) -> None:
    page = visitor.open("audiences", account=OWN)
    made = page.locator("#built")
    page.locator("main [name=metric0]").select_option(label="Had conversation")
    expect(made.locator("li").first).to_contain_text("at least once in the last 30 days")
    page.get_by_label("Name", exact=True).fill("good customers")
    page.locator("select[name=dates]").select_option("7")
    settled(page, dates="7", name="good customers", metric0="Had conversation")
    expect(made).to_contain_text("good_customers.yml")
    with slow(page, "language=de"):
        page.get_by_label("Language").select_option("de")
        page.locator("main [name=times0]").fill("2")
        page.wait_for_timeout(A_WHILE)
    settled(page, language="de", times0="2", name="good customers")
    expect(page.locator("main [name=times0]")).to_have_value("2")
    expect(made).to_contain_text("good_customers.yml")
    page.locator("main [name=metric0]").select_option("")
    settled(page, metric0=None, name="good customers")
    page.reload()
    expect(page.locator("main [name=metric0]")).to_have_value("")


def test_the_first_link_speaks_the_language_that_was_chosen(talks: Page) -> None:
    skip = talks.locator("a.skip")
    expect(skip).to_have_text("Skip to the content")
    talks.get_by_label("Language").select_option("de")
    settled(talks, language="de")
    expect(skip).not_to_have_text("Skip to the content")


def test_one_of_several_ticks_keeps_the_focus(talks: Page) -> None:
    talks.locator("summary", has_text="Status").click()
    second = talks.get_by_role("checkbox", name="Closed")
    second.focus()
    second.press("Space")
    settled(talks, statuses="closed")
    expect(talks.get_by_role("checkbox", name="Closed")).to_be_focused()


def test_another_account_and_a_channel_that_only_the_first_has(visitor: Visitor) -> None:
    page = visitor.open("conversations", account=OWN, dates=DATES)
    with slow(page, f"account={RIVAL}"):
        page.get_by_label("Account").select_option(RIVAL)
        search(page).fill("answer")
    settled(page, account=RIVAL, words="answer")
    expect(page.locator("table.conversations")).to_contain_text(RIVAL)


# Steps


def test_words_that_are_typed_with_pauses_are_one_step_back(talks: Page) -> None:
    for words in ("ans", "answ", "answer"):
        search(talks).fill(words)
        settled(talks, words=words)
    talks.locator("a.row").first.focus()  # what is typed later is another step
    search(talks).fill("question")
    settled(talks, words="question")
    talks.go_back()
    settled(talks, words="answer")
    talks.go_back()
    settled(talks, words=None)


def test_what_is_open_is_not_opened_again(visitor: Visitor) -> None:
    page = visitor.open("conversations", account=OWN, dates=DATES, words="answer")
    page.locator("a.row").first.click()
    expect(page.locator("#panel")).to_be_focused()
    page.locator("a.row").first.click()
    expect(page.locator("#panel")).to_be_focused()
    page.go_back()
    settled(page, conversation=None)
    expect(page.locator("#panel")).to_have_count(0)
    expect(page.locator("a.row").first).to_be_focused()  # the row that was open


def test_the_last_of_two_rows_is_opened(talks: Page) -> None:
    first, second = talks.locator("a.row").nth(0), talks.locator("a.row").nth(1)
    first.click()
    opened = settled(talks, at=None)["conversation"]
    with slow(talks, "conversation="):
        second.click()
        first.click()
    assert settled(talks, at=None)["conversation"] == opened


def test_an_address_without_dates_is_not_a_choice_of_dates(visitor: Visitor) -> None:
    page = visitor.open("conversations")
    page.get_by_label("Dates").select_option("any")
    page.get_by_label("From").fill("2026-06-02")
    page.get_by_label("to", exact=True).fill("2026-06-03")
    page.locator("a.row").first.click()
    assert settled(page, dates="2026-06-02..2026-06-03")["conversation"]


def test_back_is_not_stopped_by_a_key(talks: Page) -> None:
    search(talks).fill("answer")
    settled(talks, words="answer")
    with slow(talks, "conversations?"):
        talks.go_back()
        search(talks).press("Enter")
        talks.wait_for_timeout(A_WHILE)
    settled(talks, words=None)
    expect(chips(talks)).to_have_count(0)
    expect(search(talks)).to_have_value("")


def test_back_from_a_range_shows_the_dates_before(talks: Page) -> None:
    talks.get_by_label("Dates").select_option("7")
    settled(talks, dates="7")
    talks.get_by_label("Dates").select_option("any")
    talks.get_by_label("From").fill("2026-06-02")
    talks.keyboard.press("Enter")
    settled(talks, dates="2026-06-02..2026-06-07")
    talks.keyboard.type("06")
    talks.go_back()
    settled(talks, dates="7")
    expect(talks.get_by_label("Dates")).to_have_value("7")
    expect(talks.get_by_label("From")).to_be_hidden()


def test_a_range_is_shown_when_nobody_types_on(talks: Page) -> None:
    talks.get_by_label("Dates").select_option("any")
    talks.get_by_label("From").fill("2026-06-02")
    settled(talks, dates="2026-06-02..2026-06-07")
    talks.get_by_label("to", exact=True).fill("2026-06-03")
    settled(talks, dates="2026-06-02..2026-06-03")
    talks.get_by_label("From").fill("")  # a range without a beginning is not asked for
    search(talks).fill("answer")
    settled(talks, words="answer", dates="2026-06-02..2026-06-03")


def test_to_skip_to_the_content_stops_nothing(talks: Page) -> None:
    with slow(talks, "dates=90"):
        talks.get_by_label("Dates").select_option("90")
        talks.locator("a.skip").focus()
        talks.keyboard.press("Enter")
    settled(talks, dates="90")


def test_what_was_taken_off_does_not_come_back(visitor: Visitor) -> None:
    page = visitor.open("conversations", account=OWN, dates=DATES, statuses="closed", words="answer")
    page.locator("summary", has_text="Status").click()
    with slow(page, "conversations?"):
        page.get_by_role("link", name="Take off: Closed").click()
        page.locator("[name=statuses][value=resolved]").dispatch_event("click")
        page.wait_for_timeout(A_WHILE)
    settled(page, statuses="resolved", words="answer")
    search(page).press_sequentially("s")
    page.get_by_role("link", name="Take off: said").click()
    page.get_by_role("link", name="Take off: Resolved").click()
    settled(page, statuses=None, words=None)


def test_the_name_of_the_account_is_that_of_the_list_while_dates_are_typed(talks: Page) -> None:
    before = talks.locator("p.brand").inner_text()
    with slow(talks, f"account={RIVAL}"):
        talks.get_by_label("Account").select_option(RIVAL)
        talks.get_by_label("Dates").select_option("any")
        talks.keyboard.type("06")
    expect(talks.locator("p.brand")).not_to_have_text(before)
    search(talks).focus()
    settled(talks, account=RIVAL)
    expect(talks.get_by_label("Account")).to_have_value(RIVAL)


# The focus


def test_marked_text_elsewhere_does_not_stop_a_click(talks: Page) -> None:
    talks.evaluate("window.isSamePage = true")
    search(talks).fill("answer")
    search(talks).press("Control+A")
    talks.locator("a.row").first.click()
    assert settled(talks, words="answer")["conversation"]
    talks.locator("#panel p.text").first.click(click_count=3)
    talks.keyboard.press("Escape")
    settled(talks, conversation=None)
    assert talks.evaluate("window.isSamePage")


def test_the_focus_stays_on_the_link_or_menu_that_has_it(visitor: Visitor) -> None:
    page = visitor.open(account=OWN, dates=DATES)
    page.locator("nav.by a", has_text="Channel").click()
    settled(page, by="channel")
    expect(page.locator("nav.by a", has_text="Channel")).to_be_focused()
    page = visitor.open("conversations", account=OWN, dates=DATES)
    with slow(page, "dates=90"):
        page.get_by_label("Dates").select_option("90")
        page.locator("a.row").nth(2).focus()
        talk = page.locator("tr[data-conversation]").nth(2).get_attribute("data-conversation")
    settled(page, dates="90")
    expect(page.locator(f"tr[data-conversation='{talk}'] a.row")).to_be_focused()
    search(page).fill("nobody said this")
    settled(page, words="nobody said this")
    page.get_by_role("link", name="Clear filters").click()
    settled(page, words=None)
    expect(page.locator("#list-title")).to_be_focused()


def test_letters_go_on_where_they_were_in_every_field(visitor: Visitor) -> None:
    page = visitor.open("audiences", account=OWN, metric0="Had conversation", name="x")
    with slow(page, "language=fr"):
        page.get_by_label("Language").select_option("fr")
        page.locator("main [name=name]").press("End")
        page.keyboard.type("good")
        page.wait_for_timeout(A_WHILE)
    settled(page, language="fr", name="xgood")
    page.keyboard.type(" ones")
    assert settled(page, name="xgood ones")["language"] == "fr"
    with slow(page, "dates=7"):
        page.locator("select[name=dates]").select_option("7")
        page.locator("main [name=times0]").fill("2")
        page.wait_for_timeout(A_WHILE)
    settled(page, dates="7", times0="2")
    page.keyboard.type("1")
    settled(page, times0="21")


# Other places


def test_a_choice_goes_along_with_a_bar_of_the_chart(visitor: Visitor) -> None:
    page = visitor.open(account=OWN, dates=DATES)
    with slow(page, "language=de"):
        page.get_by_label("Language").select_option("de")
        page.locator("[data-chart] a").first.click()
        page.wait_for_url("**/conversations?**")
    settled(page, language="de")


def test_the_export_and_another_window_have_the_words_that_were_just_typed(talks: Page) -> None:
    with talks.expect_download() as saving:
        search(talks).press_sequentially("question")
        talks.get_by_role("link", name="Export as CSV").click()
    assert len(saving.value.path().read_text("utf-8").splitlines()) == 1 + 3
    settled(talks, words="question")
    search(talks).fill("answer")
    settled(talks, words="answer")
    search(talks).press_sequentially(" of")
    with talks.context.expect_page() as other:
        talks.locator("a.row").first.click(modifiers=["Control"])
    found = query(other.value)
    assert (found["words"], bool(found["conversation"])) == ("answer of", True)


def test_a_count_that_fails_is_not_shown_beside_the_new_choice(visitor: Visitor) -> None:
    page = visitor.open("audiences", account=OWN, metric0="Had conversation")
    expect(page.locator("#built")).to_contain_text("at least once")
    page.route("**/audiences/count?**", lambda route: route.fulfill(status=503, body="busy"), times=1)
    page.locator("main [name=times0]").fill("3")
    settled(page, times0="3")
    expect(page.locator("#built")).to_contain_text("at least 3 times")
