"""The page in every language: nothing that it says is left in English, and numbers are as people there write them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from gettext import NullTranslations
from importlib import import_module
from pathlib import Path
from shutil import copytree

import pytest

from flows import jobs
from flows.audiences import Definition
from flows.audiences.wording import in_words
from flows.dashboard import generate
from flows.dashboard.access import Access
from flows.dashboard.language import MESSAGES, NAMES, NONE, language, preferred, words
from flows.dashboard.look import SECTIONS, Installation, look
from flows.delivery import health
from flows.demo import write_shop
from flows.ground.home import Home
from flows.ground.saying import Text
from flows.published.events import EVENTS
from flows.published.handoffs import DIMENSIONS
from flows.settings.requests import RunRequest
from flows.warehouses.duckdb import DuckDBFile

OTHERS = [code for code in NAMES if code != "en"]
FILE = """# About the file.
msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Gone"
msgstr "Weg"

msgid "Kept"
msgstr "Behalten"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the files, to change."""
    return copytree(MESSAGES, tmp_path / "messages")


def test_every_file_has_what_the_page_says_and_no_more() -> None:
    """All is translated, in the same gaps, and nothing is left to a second look."""
    command = [sys.executable, "-m", "flows.dashboard.generate", "--check"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, ""), told.stderr


@pytest.mark.parametrize(
    ("written", "changed", "said"),
    [
        ('msgstr "Kanal"', 'msgstr ""', "not translated: "),
        ('msgid "Resolved"\nmsgstr "Gelöst"\n', "", "not translated: Resolved"),
        ('msgid "Resolved"', '#, fuzzy\nmsgid "Resolved"', "marked as fuzzy: Resolved"),
        ("%(count)s Bestellungen", "%(anzahl)s Bestellungen", "other gaps than %(count)s orders"),
        ('msgstr[1] "%(count)s Bestellungen"', 'msgstr[1] ""', "not translated: %(count)s orders"),
        ('msgstr[1] "mindestens %(count)s-mal"', 'msgstr[1] "mindestens"', "other gaps than at least %(count)s times"),
        ('msgstr[0] "mindestens einmal"', 'msgstr[0] "%(x)s"', "other gaps than at least %(count)s times: %(x)s"),
        ('msgid "Resolved"', 'msgid "Said no more"\nmsgstr "Nicht mehr"\n\nmsgid "Resolved"', "is stale"),
    ],
)
def test_the_check_names_what_is_wrong_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], written: str, changed: str, said: str
) -> None:
    file = folder / "de.po"
    text = file.read_text("utf-8")
    assert text != text.replace(written, changed)
    file.write_text(text.replace(written, changed), "utf-8")
    assert generate.main(["--check"], folder) == 1
    assert any(said in line and str(file) in line for line in capsys.readouterr().out.splitlines())
    assert file.read_text("utf-8") == text.replace(written, changed)


def test_a_text_that_nobody_has_translated_is_wrong_before_and_after_it_is_written(folder: Path) -> None:
    (folder / "ko.po").write_text(FILE, "utf-8")
    assert [generate.main(arguments, folder) for arguments in (["--check"], [], ["--check"])] == [1, 1, 1]
    assert 'msgid "Conversations"\nmsgstr ""\n' in (folder / "ko.po").read_text("utf-8")


def test_translations_stay_and_what_is_said_no_more_goes() -> None:
    fresh = generate.fresh(FILE, ["New", "Kept", ("%(count)s thing", "%(count)s things")])
    assert fresh.startswith(FILE.partition("\n\n")[0] + "\n\n")
    assert fresh.partition("\n\n")[2].split("\n\n") == [
        '#, python-format\nmsgid "%(count)s thing"\nmsgid_plural "%(count)s things"\nmsgstr[0] ""\nmsgstr[1] ""',
        'msgid "Kept"\nmsgstr "Behalten"',
        'msgid "New"\nmsgstr ""\n',
    ]
    assert generate.fresh(fresh, ["New", "Kept", ("%(count)s thing", "%(count)s things")]) == fresh
    assert set(generate.problems(fresh)) == {"not translated: New", "not translated: %(count)s things"}


def test_what_a_template_says_is_found() -> None:
    template = """<p title="{{ _('Title') }}">{{ say("%(a)s of %(b)s", a=1, b=b or say("none")) }}</p>
    {{ many(count, "one", "several") }} {% trans at=when %}since {{ at }}{% endtrans %} {{ _(name) }}"""
    assert set(generate.in_template(template)) == {
        *("Title", "%(a)s of %(b)s", "none", "since %(at)s"),
        ("one", "several"),
    }


def test_what_code_says_is_found() -> None:
    code = """
of = "ended" if whole else "started"
say(of, part=say.either(one or say("no tag") for one in tags))
look.say("first" if is_first else "second")
Text.of("told", day=day)
Other.of("this is not said")
say.many(count, "one", "several")
say(name)
other("this is not said")
"""
    assert set(generate.in_code(code)) == {"ended", "started", "no tag", "first", "second", "told", ("one", "several")}


@pytest.mark.parametrize("code", NAMES)
def test_texts_of_templates_can_be_filled(code: str) -> None:
    """Templates read a sign of per cent as the begin of a gap, also where a text has none."""
    say, gaps = language(code), defaultdict[str, str](str)
    for file in generate.HERE.glob("templates/**/*.html"):
        for one in generate.in_template(file.read_text("utf-8")):
            for text in [one] if isinstance(one, str) else one:
                assert (say(text) % gaps).count("%") == say(text).count("%%"), text


FORMATS = {
    "en": ("1,234,567", "1.5", "R$1,234.50", "66.7%", "+10%", "none before", "−5.0 pt", "4 d 1 h", "Jun 7, 2026"),
    "de": ("1.234.567", "1,5", "1.234,50 R$", "66,7 %", "+10 %", "zuvor keine", "−5,0 Pp.", "4 d 1 h", "07.06.2026"),
    "es": (
        "1.234.567",
        "1,5",
        "1.234,50 BRL",
        "66,7 %",
        "+10 %",
        "antes ninguno",
        "−5,0 p. p.",
        "4 d 1 h",
        "7 jun 2026",
    ),
    "fr": ("1 234 567", "1,5", "1 234,50 R$", "66,7 %", "+10 %", "aucun avant", "−5,0 pt", "4 j 1 h", "7 juin 2026"),
    "pt": (
        *("1.234.567", "1,5", "R$ 1.234,50", "66,7%", "+10%", "antes nenhum", "−5,0 p.p.", "4 d 1 h"),
        "7 de jun. de 2026",
    ),
    "ko": ("1,234,567", "1.5", "R$1,234.50", "66.7%", "+10%", "이전 없음", "−5.0포인트", "4일 1시간", "2026. 6. 7."),
}


@pytest.mark.parametrize("code", NAMES)
def test_numbers_money_and_dates(code: str) -> None:
    say = language(code)
    told = (
        say.number(1234567),
        say.number(Decimal("1.50")),
        say.money(Decimal("1234.5"), "BRL"),
        say.percent(2 / 3),
        say.change(110, 100),
        say.change(5, 0),
        say.points(0.70, 0.75),
        say.duration(4 * 24 * 60 + 65.9),
        say.day(date(2026, 6, 7)),
    )
    assert tuple(_blanks(one) for one in told) == FORMATS[code]
    assert (say.number(None), say.money(None, "BRL"), say.percent(None), say.duration(None)) == (NONE,) * 4
    assert (say.change(None, 1), say.change(1, None), say.points(None, 0.5), say.change(0, 0)) == ("",) * 4


RANGES = {
    "en": ("May 31 – Jun 7, 2026", "Jun 7"),
    "de": ("31. Mai – 7. Juni 2026", "7. Juni"),
    "es": ("31 may – 7 jun 2026", "7 jun"),
    "fr": ("31 mai – 7 juin 2026", "7 juin"),
    "pt": ("31 de mai. – 7 de jun. de 2026", "7 de jun."),
    "ko": ("2026년 5월 31일 ~ 6월 7일", "6월 7일"),
}


@pytest.mark.parametrize("code", NAMES)
def test_ranges_of_dates(code: str) -> None:
    say, first, last = language(code), date(2026, 5, 31), date(2026, 6, 7)
    assert (_blanks(say.days(first, last)), _blanks(say.short_day(last))) == RANGES[code]
    assert say.days(last, last) == say.day(last)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("en", "Jun 7, 2026, 9:05 PM"),
        ("de", "07.06.2026, 21:05"),
        ("es", "7 jun 2026, 21:05"),
        ("fr", "7 juin 2026, 21:05"),
        ("pt", "7 de jun. de 2026 21:05"),
        ("ko", "2026. 6. 7. 오후 9:05"),
    ],
)
def test_instants(code: str, text: str) -> None:
    moment = datetime(2026, 6, 7, 21, 5)  # noqa: DTZ001  local by then
    assert _blanks(language(code).instant(moment)) == text


def _blanks(text: str) -> str:
    """With plain blanks, of which languages have several kinds."""
    return re.sub(r"\s", " ", text)


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("en", ["0 orders", "1 order", "2,000 orders"]),
        ("de", ["0 Bestellungen", "1 Bestellung", "2.000 Bestellungen"]),
        ("es", ["0 pedidos", "1 pedido", "2.000 pedidos"]),
        ("fr", ["0 commande", "1 commande", "2 000 commandes"]),
        ("pt", ["0 pedido", "1 pedido", "2.000 pedidos"]),
        ("ko", ["주문 0건", "주문 1건", "주문 2,000건"]),
    ],
)
def test_none_one_and_many(code: str, texts: list[str]) -> None:
    say = language(code)
    found = [_blanks(say.many(count, "%(count)s order", "%(count)s orders")) for count in (0, 1, 2000)]
    assert found == texts


def test_names_of_the_contract_and_others() -> None:
    say = language("de")
    assert (say.term("ticket_created"), say.term("new_thing"), say.term(None)) == ("Ticket angelegt", "New thing", NONE)
    assert (say.channel("web_chat"), say.channel("sms"), say.channel("fax_machine")) == (
        "Web-Chat",
        "SMS",
        "Fax machine",
    )
    assert (say.touch("open"), say.touch("new_touch")) == ("hat eine SMS geöffnet", "New touch")
    assert (say.platform("hubspot"), say.platform("new_desk"), say.platform(None)) == ("HubSpot", "New desk", NONE)
    assert say.either(["a", "b", "c"]) == "a, b oder c"
    assert say("%(part)s of %(count)s", part=1, count="%(part)s") == "1 von %(part)s"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "en"),
        ("*", "en"),
        ("de", "de"),
        ("de-CH,en;q=0.8", "de"),
        ("en-GB,de;q=0.9", "en"),
        ("zh-TW, ko-KR;q=0.5, fr;q=0.1", "ko"),
        ("pt-PT", "pt"),
        ("es-419,es;q=0.9", "es"),
        ("FR_ca", "fr"),
        (";;,,q=1," + "a," * 10_000 + "de", "en"),
        ("\0\n<script>", "en"),
    ],
)
def test_the_language_that_a_browser_asks_for(header: str, code: str) -> None:
    assert preferred(header) == code


def test_a_language_that_the_page_does_not_know_is_english() -> None:
    assert [language(code).code for code in ("xx", "", "../de", "de")] == ["en", "en", "en", "de"]


class Recorder(NullTranslations):
    """What is asked for after the file has been asked: all that it does not translate."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def gettext(self, message: str) -> str:
        self.asked.add(message)
        return message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        self.asked.add(msgid1)
        return msgid1 if n == 1 else msgid2


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("messages")
    write_shop(folder / "shop", conversations=300)
    jobs.run(RunRequest(home=str(folder / "home"), path=str(folder / "shop"), as_of="2026-06-07T12:00:00Z"))
    return Home(folder / "home")


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    one = Recorder()
    language.cache_clear()
    for code in OTHERS:
        language(code)._messages.add_fallback(one)
    yield one
    language.cache_clear()


# Words of the shop, and names of helpdesks: they are shown as they are.
OF_THE_SHOP = """
select skill from metrics.skills union select skill from metrics.messages
union select tag from metrics.conversations union select platform from metrics.handoff_steps
"""
EXAMPLES = """
select (select min(conversation_id) from metrics.handoffs where account_id = 'aurora' and outcome = 'answered'),
    (select min(conversation_id) from metrics.attributed_order_lines where account_id = 'aurora'),
    (select min(topic_id) from metrics.knowledge_gap_topics where account_id = 'aurora')
"""


@pytest.mark.slow
@pytest.mark.parametrize("code", OTHERS)
def test_a_whole_shop_is_shown_without_a_word_of_english(home: Home, recorder: Recorder, code: str) -> None:
    with DuckDBFile(home).read() as reader:
        of_the_shop = {words(name) for (name,) in reader.rows(OF_THE_SHOP) if name}
        ((answered, sold, topic),) = reader.rows(EXAMPLES)
    for section, query in [
        *((one, {}) for one in SECTIONS),
        *(("overview", {"by": one}) for one in ("channel", "tag", "wrong")),
        ("overview", {"dates": "2024-01-01..2026-06-07"}),
        ("overview", {"dates": "2024-01-01..2024-01-07"}),
        ("conversations", {"conversation": answered, "statuses": "open,closed", "is_sold": "yes", "search": "x"}),
        ("conversations", {"conversation": sold}),
        ("conversations", {"order": "wrong", "dates": "wrong", "channel": "wrong", "account": "wrong"}),
        ("knowledge", {"draft": topic}),
        ("audiences", {"metric0": "Asked question", "name": "A name"}),
        *(("hand-offs", {"by": one}) for one in (*DIMENSIONS, "wrong")),
        *(("events", {"event": one}) for one in (*EVENTS, "wrong")),
    ]:
        asked = {"dates": "90", "account": "aurora", "language": code, **query}
        module = import_module(f"flows.dashboard.sections.{section.replace('-', '')}")
        nobodys = Installation()
        with look(
            DuckDBFile(home), Access(), section, asked, asks=module.ASKS, accepted="", installation=nobodys
        ) as one:
            page = one.say.html(f"sections/{section}", look=one, sections=SECTIONS, **module.values(one))
        assert f'<html lang="{code}">' in page
        assert recorder.asked <= of_the_shop, (section, query)


RULES = {
    "en": "Shoppers who had “Placed Order” (revenue is more than 1,234.5, and is refunded: no) at least once in the "
    "last 2 weeks, or had “Clicked Link” since Jun 7, 2026, then “Placed Order”, and no “Cancelled Order” after it, "
    "all within 3 days.",
    "de": "Kunden, für die gilt: „Bestellung aufgegeben“ (Umsatz ist mehr als 1.234,5, und erstattet: nein) mindestens "
    "einmal in den letzten 2 Wochen, oder „Link angeklickt“ seit 07.06.2026, danach „Bestellung aufgegeben“, und "
    "danach kein „Bestellung storniert“, alles innerhalb von 3 Tagen.",
    "ko": "다음 조건에 해당하는 고객: 지난 2주 동안 ‘주문함’(매출: 1,234.5 초과, 그리고 환불됨: 아니요) 1회 이상, "
    "또는 2026. 6. 7.부터 ‘링크 클릭’, 그 뒤 ‘주문함’, 그 뒤 ‘주문 취소됨’ 없음, 모두 3일 이내.",
}


@pytest.mark.parametrize("code", RULES)
def test_a_rule_is_a_sentence_in_the_order_of_the_language(code: str) -> None:
    filters = [
        {"property": "revenue", "filter": {"type": "numeric", "operator": "greater-than", "value": "1234.50"}},
        {"property": "is_refunded", "filter": {"type": "boolean", "value": False}},
    ]
    ordered = {
        "type": "profile-metric",
        "metric": "Placed Order",
        "metric_filters": filters,
        "measurement_filter": {"type": "numeric", "operator": "greater-than-or-equal", "value": 1},
        "timeframe_filter": {"type": "date", "operator": "in-the-last", "unit": "week", "quantity": 2},
    }
    steps = [
        {"metric": "Clicked Link"},
        {"metric": "Placed Order"},
        {"metric": "Cancelled Order", "metric_exists": False},
    ]
    since = {"type": "date", "operator": "after", "date": "2026-06-07"}
    funnel = {"type": "profile-metric-funnel", "steps": steps, "timeframe_filter": since}
    conditions = [ordered, {**funnel, "completion_window_seconds": "DAYS_3"}]
    (rule,) = in_words(Definition.model_validate({"condition_groups": [{"conditions": conditions}]}))
    assert language(code).tell(rule, lambda one: one) == RULES[code]


def test_what_others_tell_is_said_with_its_values() -> None:
    """Numbers, shares, dates and instants as people there write them; words of others stay as they are."""
    say = language("de")
    instant = datetime(2026, 6, 7, 19, 5, tzinfo=UTC)

    def told(text: Text | str) -> str:
        return say.tell(text, lambda one: one + timedelta(hours=2))

    grown = Text.of("the list jumped from %(before)s to %(now)s members", before=100, now=2600)
    assert (told(grown), str(grown)) == (
        "die Liste sprang von 100 auf 2.600 Mitglieder",
        "the list jumped from 100 to 2,600 members",
    )
    late = Text.of("no delivery went well since %(instant)s", instant=instant)
    assert (told(late), str(late)) == (
        "seit 07.06.2026, 21:05 ist keine Übermittlung gelungen",
        "no delivery went well since 2026-06-07T19:05:00Z",
    )
    begun = Text.of("The first conversation came on %(day)s.", day=date(2026, 6, 7))
    assert (told(begun), str(begun)) == (
        "Das erste Gespräch kam am 07.06.2026.",
        "The first conversation came on 7 Jun 2026.",
    )
    share = Text("%(share)s", {"share": 0.5})
    assert (_blanks(told(share)), str(share)) == ("50 %", "50%")
    refused = [Text.many(count, *health.REFUSED["member"]) for count in (1, 2)]
    assert [*map(told, refused), *map(str, refused)] == [
        *("1 Mitglied abgewiesen", "2 Mitglieder abgewiesen"),
        *("1 member refused", "2 members refused"),
    ]
    assert told("klaviyo answers 403 %(x)s") == "klaviyo answers 403 %(x)s"
