"""Settings: options beat the environment, which beats the file; whatever is wrong is one sentence with its place."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from contract import landing
from flows import settings
from flows.ground.errors import InputError
from flows.ground.memory import half_of_the_memory
from flows.settings import business_hours, deliveries, handoffs, tree
from flows.sources.sections import Secret

EXAMPLE = Path(__file__).parent.parent / "agent-metrics.example.toml"
ACCOUNT = """
[[accounts]]
account_id = "shop"
timezone = "Europe/Berlin"
currency = "EUR"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and no variable that the machine may have."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("AGENT_METRICS_")]:
        monkeypatch.delenv(name)
    return tmp_path


def written(text: str, name: str = "agent-metrics.toml") -> Path:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, "utf-8")
    return Path(name)


def test_without_a_file_and_variables_the_defaults_hold() -> None:
    found = settings.load()
    assert found.home == Path(".agent-metrics").absolute()
    assert (found.max_rejected_share, found.max_volume_drop, found.keep_publications) == (0.01, 0.5, 3)
    assert found.memory_limit == half_of_the_memory()
    assert found.accounts == ()
    assert found.configured_sources() == []


def test_defaults_of_an_account_are_those_of_the_landing_contract() -> None:
    written(ACCOUNT)
    (account,) = settings.load().accounts
    defaults = {column.name: column.default for column in landing()["accounts"].columns if column.default is not None}
    assert {name: getattr(account, name) for name in defaults} == defaults
    assert set(type(account).model_fields) - {"sources", "deliveries", "handoffs", "business_hours", "language"} == {
        column.name for column in landing()["accounts"].columns
    }


def test_options_beat_the_environment_and_the_environment_beats_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    written("max_rejected_share = 0.1\nmax_volume_drop = 0.1\nkeep_publications = 1\n[sources.files]\npath = '/file'")
    monkeypatch.setenv("AGENT_METRICS_MAX_VOLUME_DROP", "0.2")
    monkeypatch.setenv("AGENT_METRICS_KEEP_PUBLICATIONS", "2")
    monkeypatch.setenv("AGENT_METRICS_SOURCES__FILES__PATH", "/variable")
    found = settings.load(options={"keep_publications": 3})
    assert (found.max_rejected_share, found.max_volume_drop, found.keep_publications) == (0.1, 0.2, 3)
    assert found.sources.files
    assert found.sources.files.path == Path("/variable")
    found = settings.load(options={"sources": {"files": {"path": "/option"}}})
    assert found.sources.files
    assert found.sources.files.path == Path("/option")


def test_an_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_METRICS_HOME", "")
    assert settings.load().home == Path(".agent-metrics").absolute()


def test_paths_of_a_file_start_at_its_folder_and_those_of_a_variable_where_one_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written("home = 'data'\n[sources.files]\npath = '../exports'", "etc/shop.toml")
    found = settings.load(folder / file)
    assert found.home == folder / "etc" / "data"
    assert found.sources.files
    assert found.sources.files.path == folder / "etc" / "../exports"
    monkeypatch.setenv("AGENT_METRICS_HOME", "here")
    assert settings.load(folder / file).home == Path("here").absolute()


def test_the_file_may_be_named_by_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    written("keep_publications = 9", "other.toml")
    monkeypatch.setenv("AGENT_METRICS_CONFIG", "other.toml")
    assert settings.load().keep_publications == 9


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(Exception, match="frozen"):
        settings.load().home = Path("elsewhere")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("max_rejected_shar = 1", "agent-metrics.toml, key max_rejected_shar: there is no such setting"),
        ("[sources.shopify]\nkey = 'x'", "key sources.shopify: there is no such setting"),
        ("[sources.files]\npaht = 'x'", "key sources.files.paht: there is no such setting"),
        ("[sources.files]", "key sources.files.path: this setting is missing; add it"),
        ("sources = 1", "key sources: this is not a section"),
        ("accounts = 1", "key accounts: this is not a list"),
        ("home = 3", "key home: this is not a path; give text in quotes"),
        ("max_rejected_share = nan", "key max_rejected_share: "),
        ("max_rejected_share = 1.5", "key max_rejected_share: input should be less than or equal to 1"),
        ("keep_publications = true", "key keep_publications: give a number"),
        ("keep_publications = 0", "key keep_publications: input should be greater than or equal to 1"),
        ("memory_limit = '4'", "key memory_limit: the value does not fit; give a number and its unit"),
        ("home = ", "agent-metrics.toml: the settings file is not TOML (Invalid value"),
        (ACCOUNT * 2, "key accounts: the account shop stands here more than once"),
        (ACCOUNT.replace("Berlin", "Berlinn"), "there is no time zone 'Europe/Berlinn'"),
        (ACCOUNT.replace("Europe/Berlin", "localtime"), "there is no time zone 'localtime'"),
        (ACCOUNT.replace("EUR", "Euro"), "key accounts[1].currency: the value does not fit; give an ISO 4217 code"),
        (ACCOUNT.replace('"shop"', '""'), "key accounts[1].account_id: "),
        (ACCOUNT + "auto_close_hours = 0", "key accounts[1].auto_close_hours: input should be greater"),
        (ACCOUNT + "auto_close_hours = 87601", "key accounts[1].auto_close_hours: input should be less"),
        (ACCOUNT + "sms_open_window_hours = 1.5", "key accounts[1].sms_open_window_hours: "),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence_with_file_and_key(text: str, sentence: str) -> None:
    written(text)
    with pytest.raises(InputError) as caught:
        settings.load()
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("AGENT_METRICS_HOEM", "x", "AGENT_METRICS_HOEM: this variable is not a setting; known are AGENT_METRICS_HOME"),
        ("agent_metrics_hoem", "x", "agent_metrics_hoem: this variable is not a setting"),
        ("AGENT_METRICS_SOURCES__FILES__PAHT", "x", "AGENT_METRICS_SOURCES__FILES__PAHT: there is no such setting"),
        ("AGENT_METRICS_MAX_REJECTED_SHARE", "s3cret", "AGENT_METRICS_MAX_REJECTED_SHARE: "),
        ("AGENT_METRICS_ACCOUNTS", "s3cret", "AGENT_METRICS_ACCOUNTS: the value is not JSON"),
        ("AGENT_METRICS_ACCOUNTS", '[{"account_id": "s3cret"}]', "AGENT_METRICS_ACCOUNTS__0__TIMEZONE: "),
        ("AGENT_METRICS_CONFIG", "nowhere.toml", "nowhere.toml: there is no such settings file"),
    ],
)
def test_a_mistake_in_a_variable_names_it_and_never_its_value(
    name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError) as caught:
        settings.load()
    assert sentence in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_mistake_in_an_option_names_the_option() -> None:
    with pytest.raises(InputError, match="option --max-rejected-share: input should be less"):
        settings.load(options={"max_rejected_share": 2.0})


def test_a_file_that_is_named_must_exist_and_be_text(folder: Path) -> None:
    with pytest.raises(InputError, match="there is no such settings file"):
        settings.load(Path("nowhere.toml"))
    (folder / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        settings.load(Path("binary.toml"))
    with pytest.raises(InputError, match="cannot be read"):
        settings.load(folder)


def test_the_example_documents_every_key_with_its_default() -> None:
    text = EXAMPLE.read_text("utf-8")
    example = tomllib.loads(text)
    only_shown = set(re.findall(r"^# (\w+) = ", text, re.MULTILINE))  # what a copy of the file should not set

    def compare(document: Mapping[str, Any], model: type[BaseModel]) -> Iterator[str]:
        assert set(model.model_fields) - only_shown <= set(document) <= set(model.model_fields)
        for name, field in model.model_fields.items():
            if isinstance(field.default, Secret):
                assert name in only_shown or document[name] == str(field.default), name
            elif (
                isinstance(document.get(name), str | int | float)
                and not field.is_required()
                and field.default is not None
                and field.default_factory is None
            ):
                assert type(field.default)(document[name]) == field.default, name
            yield name

    assert list(compare(example, settings.Settings))
    assert list(compare(example["sources"], tree.SourcesSettings))
    assert list(compare(example["sources"]["files"], tree.FilesSettings))
    assert list(compare(example["spark"], settings.SparkSettings))
    shown = example["accounts"][0]["handoffs"]
    assert list(compare(shown["web_chat"] | shown["sms"] | {"method": "none"}, handoffs.HandoffSettings))
    assert list(compare(example["accounts"][0], settings.AccountSettings))
    for name, field in tree.AccountSourcesSettings.model_fields.items():
        (model, _) = get_args(field.annotation)
        assert list(compare(example["accounts"][0]["sources"][name], model))
    assert list(compare(example["accounts"][0]["business_hours"], business_hours.BusinessHoursSettings))
    to = example["accounts"][0]["deliveries"]
    assert list(compare(to["klaviyo"], deliveries.KlaviyoDelivery))
    assert list(compare(to["webhooks"][0], deliveries.WebhookDelivery))
    assert list(compare(to["folder"], deliveries.FolderDelivery))
    assert settings.load(EXAMPLE).accounts[0].account_id == "shop-br"


def test_every_setting_is_described() -> None:
    for model in (
        settings.Settings,
        tree.SourcesSettings,
        tree.FilesSettings,
        settings.SparkSettings,
        settings.AccountSettings,
        tree.AccountSourcesSettings,
        *(get_args(field.annotation)[0] for field in tree.AccountSourcesSettings.model_fields.values()),
        business_hours.BusinessHoursSettings,
        deliveries.DeliveriesSettings,
        deliveries.KlaviyoDelivery,
        deliveries.WebhookDelivery,
        deliveries.FolderDelivery,
        handoffs.HandoffSettings,
    ):
        assert all(field.description for field in model.model_fields.values())


def test_business_hours_are_elements_of_the_landing_contract_13_3() -> None:
    hours = (
        settings.load(
            written(
                f"""{ACCOUNT}
            [accounts.business_hours]
            weekly = {{monday = [[540, 720], [780, 1440]], sunday = []}}
            overrides = {{"2026-12-25" = [], "2026-12-24" = [[0, 1], [2, 3]]}}
            """
            )
        )
        .accounts[0]
        .business_hours
    )
    assert hours is not None
    assert hours.timezone is None
    assert hours.weekly_elements == ("mon 540-720", "mon 780-1440")
    assert hours.override_elements == ("2026-12-25", "2026-12-24 0-1", "2026-12-24 2-3")
    assert settings.load(written(ACCOUNT)).accounts[0].business_hours is None


@pytest.mark.parametrize(
    "line",
    [
        "weekly = {monday = [[540, 540]]}",
        "weekly = {monday = [[1080, 540]]}",
        "weekly = {monday = [[540, 1441]]}",
        "weekly = {monday = [[-1, 540]]}",
        "weekly = {monday = [[true, 540]]}",
        "weekly = {mon = [[540, 1080]]}",
        'overrides = {"2026-02-30" = []}',
        'overrides = {"20261224" = []}',
        'overrides = {"1899-12-31" = []}',
        'timezone = "Mars/Olympus"',
    ],
)
def test_hours_that_nobody_can_keep_are_refused_13_3(line: str) -> None:
    with pytest.raises(InputError, match="business_hours"):
        settings.load(written(f"{ACCOUNT}[accounts.business_hours]\n{line}\n"))


@pytest.mark.parametrize(
    ("others", "orders"),
    [
        ("", True),
        ('[accounts.sources.shopify]\nshop = "example"', False),
        ('[accounts.sources.woocommerce]\nbase_url = "https://shop.example"', False),
        ('[accounts.sources.sql.tables.orders]\ntable = "orders"', False),
        ('[accounts.sources.sql.tables.products]\ntable = "products"', True),
        ('[accounts.sources.shopify]\nshop = "example"\n[accounts.sources.klaviyo]\norders = true', True),
    ],
)
def test_orders_come_from_klaviyos_events_where_the_account_has_no_shop(others: str, orders: bool) -> None:
    klaviyo = "" if "klaviyo" in others else "[accounts.sources.klaviyo]\n"
    written(ACCOUNT + klaviyo + others)
    (account,) = settings.load().accounts
    assert account.sources.klaviyo is not None
    assert account.sources.klaviyo.orders is orders
    assert account.sources.klaviyo.order_currency == account.currency
