"""The settings of an installation, and the only place that reads the environment and `agent-metrics.toml`.

Options of the command line beat the environment (`AGENT_METRICS_…`, `__` between levels), which beats
the file (`./agent-metrics.toml`, or what `--config` or `AGENT_METRICS_CONFIG` names), which beats the
defaults. Unknown keys are refused everywhere. Relative paths of the file start at the file's folder, all
others at the working folder. Whatever is wrong is an InputError that names the place, the key and the remedy,
and never repeats a value.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, InstanceOf, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings.exceptions import SettingsError

from contract import landing
from flows.ground.address import FILE as DUCKDB_FILE
from flows.ground.address import Address, addresses
from flows.ground.errors import InputError
from flows.sources.gorgias.settings import GorgiasSettings
from flows.sources.klaviyo.settings import KlaviyoSettings
from flows.sources.sections import SecretPlace, Section
from flows.sources.shopify.settings import ShopifySettings
from flows.sources.sql.settings import SqlSettings
from flows.sources.woocommerce.settings import WooCommerceSettings
from flows.sources.zendesk.settings import ZendeskSettings

FILE = "agent-metrics.toml"
PREFIX = "AGENT_METRICS_"
# no settings: the first two are read below, the last by dbt_project/profiles.yml
SWITCHES = {"AGENT_METRICS_CONFIG", "AGENT_METRICS_DEBUG"}
WAREHOUSE = f"{PREFIX}WAREHOUSE"
# passwords of the accounts that `warehouse init` makes
ROLE_PASSWORDS = {role: f"{PREFIX}{role.upper()}_PASSWORD" for role in ("writer", "reader", "limited_reader")}


def _zone(name: str) -> str:
    # `localtime` is whatever the machine is set to, not a zone
    if name not in available_timezones() or name == "localtime":
        raise ValueError(f"there is no time zone '{name}'; give an IANA name such as America/Sao_Paulo")
    return name


def _number(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("give a number")
    return value


def _expanded(path: Path) -> Path:
    return path.expanduser().absolute()


def _url(url: str) -> str:
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        raise ValueError("this is no URL; write it as s3://bucket/prefix, or leave it out for the folder in the home")
    if parts.username or parts.password:
        raise ValueError("this URL holds credentials; leave them to the environment, e.g. AWS_ACCESS_KEY_ID")
    return url


def _warehouses(value: object) -> tuple[Address, ...]:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError("the value is no JSON; write it as JSON, or with blanks between several") from None
    return addresses(value)


def _matching(pattern: str, sentence: str) -> AfterValidator:
    def validate(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"the value does not fit; {sentence}")
        return text

    return AfterValidator(validate)


def _distinct(accounts: tuple[AccountSettings, ...]) -> tuple[AccountSettings, ...]:
    ids = [account.account_id for account in accounts]
    double = sorted({name for name in ids if ids.count(name) > 1})
    if double:
        raise ValueError(f"the account {', '.join(double)} stands here more than once; keep one of them")
    return accounts


def _hours(name: str) -> Any:
    """The field of an account's window or time-out; default and bounds are the landing contract's."""
    column = landing()["accounts"].column(name)
    words = name.removesuffix("_hours").replace("_", " ")
    about = f"hours of {words}" + ("; 0 switches the touch point off" if column.minimum == 0 else "")
    return Field(default=column.default, ge=column.minimum, le=column.maximum, description=about)


Hours = Annotated[int, BeforeValidator(_number)]
Share = Annotated[float, BeforeValidator(_number), Field(ge=0, le=1, allow_inf_nan=False)]
PathOfUser = Annotated[Path, AfterValidator(_expanded)]


class AccountSourcesSettings(Section):
    """The systems of one account that `pull` asks; one that is not named here is not asked.

    Shops come first: they know which product a SKU is.
    """

    shopify: ShopifySettings | None = Field(default=None, description="a Shopify shop")
    sql: SqlSettings | None = Field(default=None, description="a SQL database of the shop's own")
    woocommerce: WooCommerceSettings | None = Field(default=None, description="a WooCommerce shop")
    klaviyo: KlaviyoSettings | None = Field(default=None, description="an account of Klaviyo")
    zendesk: ZendeskSettings | None = Field(default=None, description="a Zendesk")
    gorgias: GorgiasSettings | None = Field(default=None, description="a Gorgias")

    @model_validator(mode="after")
    def _orders_from_one_place(self) -> AccountSourcesSettings:
        """Orders come from the shop; where the account has none, from Klaviyo's events."""
        if self.klaviyo and self.klaviyo.orders is None:
            has_shop = bool(self.shopify or self.woocommerce or (self.sql and "orders" in self.sql.tables))
            self.__dict__["klaviyo"] = self.klaviyo.model_copy(update={"orders": not has_shop})
        return self


class AccountSettings(Section):
    """One account as the shop sets it; it replaces the account's delivered row whole (rule 2.4)."""

    account_id: str = Field(min_length=1, description="id of the account, as the sources deliver it")
    name: str | None = Field(default=None, description="name for people")
    timezone: Annotated[str, AfterValidator(_zone)] = Field(description="IANA zone of the account's dates (rule 1.1)")
    currency: Annotated[str, _matching("[A-Z]{3}", "give an ISO 4217 code such as BRL")] = Field(
        description="ISO 4217 code of the account's orders, e.g. BRL"
    )
    auto_close_hours: Hours = _hours("auto_close_hours")
    web_chat_click_window_hours: Hours = _hours("web_chat_click_window_hours")
    sms_click_window_hours: Hours = _hours("sms_click_window_hours")
    sms_open_window_hours: Hours = _hours("sms_open_window_hours")
    sms_delivery_window_hours: Hours = _hours("sms_delivery_window_hours")
    sources: AccountSourcesSettings = Field(default=AccountSourcesSettings(), description="where `pull` reads for it")


class FilesSettings(Section):
    """A folder of files, one or more for each table of the landing contract."""

    path: PathOfUser = Field(description="folder with <table>.<ext> or <table>/<any name>.<ext>")


class SourcesSettings(Section):
    """The systems that `pull` asks; one that is not named here is not asked."""

    files: FilesSettings | None = Field(default=None, description="a folder of files")


class SparkSettings(Section):
    """The cluster of the engine `spark`."""

    master: str | None = Field(default=None, description="address of the cluster, e.g. spark://host:7077")
    conf: dict[str, str] = Field(default={}, description="further properties of Spark, e.g. spark.executor.memory")


class TopicsSettings(Section):
    """How shoppers' questions are grouped."""

    embedder: str = Field(
        default="wordllama", description="what turns texts into vectors: wordllama, an entry point, or module:function"
    )


class TokenSettings(Section):
    """A token that opens the page, and what it shows."""

    token: SecretPlace = Field(description="where the token is, at least 16 characters: env:NAME or block:name")
    accounts: tuple[str, ...] = Field(default=(), description="ids of the accounts that it shows; all by default")
    texts: bool = Field(default=True, description="false: figures only, no message texts and no contact data")


class DashboardSettings(Section):
    """Who may see the page; without tokens it is served on this machine alone."""

    tokens: tuple[TokenSettings, ...] = Field(default=(), description="tokens, one of which every visitor has to give")


class Settings(BaseSettings):
    """All settings; made by `load`, which is where the file and the environment come in."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_ignore_empty=True, frozen=True, extra="forbid"
    )

    home: PathOfUser = Field(
        default=Path(".agent-metrics"), description="folder of the lake, the candidate and the publications"
    )
    lake: Annotated[str, AfterValidator(_url)] | None = Field(
        default=None, description="URL of the lake where it is not in the home, e.g. s3://bucket/prefix"
    )
    sources: SourcesSettings = Field(default=SourcesSettings(), description="where `pull` reads")
    accounts: Annotated[tuple[AccountSettings, ...], AfterValidator(_distinct)] = Field(
        default=(), description="accounts set here instead of by a source, each replacing the delivered row whole"
    )
    max_rejected_share: Share = Field(
        default=0.01, description="the gate closes when a greater share of the newly loaded rows was refused"
    )
    max_volume_drop: Share = Field(
        default=0.5, description="the gate closes when an account lost a greater share of its conversations"
    )
    pull_minutes: Annotated[float, BeforeValidator(_number), Field(gt=0)] = Field(
        default=10, description="minutes after which a pull from an API stops where the next one goes on"
    )
    keep_publications: Annotated[int, BeforeValidator(_number), Field(ge=1)] = Field(
        default=3, description="publications kept for going back, the newest included"
    )
    memory_limit: Annotated[
        str, _matching(r"[1-9]\d*(\.\d+)?\s?[KMGT]i?B", "give a number and its unit, as in 4GB")
    ] = Field(default="4GB", description="memory that the build may take, with its unit")
    warehouse: Annotated[tuple[InstanceOf[Address], ...], NoDecode, BeforeValidator(_warehouses)] = Field(
        default=(Address(DUCKDB_FILE),),
        description="where to publish: duckdb, the URL of a Postgres database, or a list; readers read the first one",
    )
    engine: Literal["duckdb", "spark"] = Field(default="duckdb", description="what builds the candidate")
    topics: TopicsSettings = Field(default=TopicsSettings(), description="how questions are grouped")
    dashboard: DashboardSettings = Field(default=DashboardSettings(), description="who may see the page")
    spark: SparkSettings = Field(default=SparkSettings(), description="the cluster of the engine spark")

    @classmethod
    def settings_customise_sources(  # `load` merges the sources itself, so that an error can name the one at fault
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)

    def configured_sources(self) -> list[tuple[str, str | None]]:
        """The sources that have settings, and the account that they are of; a folder of files is of no single one."""
        shared = [(name, None) for name in SourcesSettings.model_fields if getattr(self.sources, name) is not None]
        own = [
            (name, account.account_id)
            for account in self.accounts
            for name in AccountSourcesSettings.model_fields
            if getattr(account.sources, name) is not None
        ]
        return [*shared, *own]


def known_sources() -> list[str]:
    """Names of all sources."""
    return [*SourcesSettings.model_fields, *AccountSourcesSettings.model_fields]


def credentials() -> Mapping[str, str]:
    """Where settings that say `env:NAME` find it."""
    return os.environ


def load(config: Path | None = None, options: Mapping[str, Any] | None = None) -> Settings:
    """The settings from options, environment and file; `config` is the file that must exist then.

    `options` has the nested shape of the settings. Raises InputError for whatever is wrong.
    """
    named = config or (Path(os.environ["AGENT_METRICS_CONFIG"]) if os.environ.get("AGENT_METRICS_CONFIG") else None)
    file = (named or Path(FILE)).expanduser()
    from_file = _read(file) if named or file.exists() else {}
    from_environment = _environment()
    given = options or {}
    _no_password_in(from_file.get("warehouse"), f"{file}, key warehouse")
    _no_password_in(given.get("warehouse"), "option --warehouse")
    try:
        return Settings(**_merged(_rooted(from_file, file.parent), _merged(from_environment, given)))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        # a misspelt key often leaves another one missing: name the misspelt one
        first = min(found, key=lambda problem: problem["type"] != "extra_forbidden")
        where = _place(first["loc"], first["type"], file, from_environment, given)
        raise _input_error(where, first["type"], first["msg"]) from None


def role_password(role: str) -> str | None:
    """The password that the environment gives for an account that `warehouse init` makes."""
    return os.environ.get(ROLE_PASSWORDS[role]) or None


def is_debugging() -> bool:
    """Whether AGENT_METRICS_DEBUG asks for tracebacks."""
    return os.environ.get("AGENT_METRICS_DEBUG", "").lower() not in {"", "0", "false", "no"}


def prefect_api_url() -> str | None:
    """Address of the Prefect server that keeps the history of runs, or None: then runs need no server."""
    return os.environ.get("PREFECT_API_URL") or None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError:
        remedy = "name a file that exists, or leave the option out"
        raise InputError("there is no such settings file", where=str(file), remedy=remedy) from None
    except OSError as error:
        what = f"the settings file cannot be read ({error.strerror})"
        raise InputError(what, where=str(file), remedy="check the path and its permissions") from None
    except UnicodeDecodeError:
        raise InputError("the settings file is not UTF-8", where=str(file), remedy="save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        what = f"the settings file is no TOML ({error})"
        raise InputError(
            what, where=str(file), remedy="mend that line; agent-metrics.example.toml shows the form"
        ) from None


def _environment() -> dict[str, Any]:
    for name in sorted(os.environ):
        field = name.removeprefix(PREFIX).split("__")[0].lower()
        if (
            name.startswith(PREFIX)
            and name not in {*SWITCHES, *ROLE_PASSWORDS.values()}
            and field not in Settings.model_fields
        ):
            raise InputError("this variable is no setting", where=name, remedy=_known(Settings.model_fields, PREFIX))
    try:
        return EnvSettingsSource(Settings)()
    except SettingsError as error:
        name = str(error).partition('"')[2].partition('"')[0].upper()
        raise InputError("the value is no JSON", where=f"{PREFIX}{name}", remedy="write it as JSON") from None


def _no_password_in(value: Any, where: str) -> None:
    """The file is for everybody to read, and so are the parameters of a flow."""
    try:
        found = _warehouses(value)
    except ValueError:  # said where all settings are looked at
        return
    if any(one.secrets for one in found):
        remedy = f"give it in {WAREHOUSE} or PGPASSWORD, or keep it in ~/.pgpass"
        raise InputError("a warehouse has its password here, where others can read it", where=where, remedy=remedy)


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Both, `above` winning key by key; lists and single values are replaced whole."""
    merged = dict(below)
    for key, value in above.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, Mapping) and isinstance(value, Mapping) else value
    return merged


def _rooted(document: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The file's document with its relative paths starting at the file's folder."""

    def rooted(value: Any) -> Any:
        return str(folder / Path(value).expanduser()) if isinstance(value, str) and value else value

    result = {key: rooted(value) if key == "home" else value for key, value in document.items()}
    files = document.get("sources", {}).get("files") if isinstance(document.get("sources"), dict) else None
    if isinstance(files, dict) and "path" in files:
        result = _merged(result, {"sources": {"files": {"path": rooted(files["path"])}}})
    return result


def _place(
    key: tuple[int | str, ...], kind: str, file: Path, environment: Mapping[str, Any], options: Mapping[str, Any], /
) -> str:
    """Where the key was set, for people; options beat the environment, which beats the file."""
    path = key[:-1] if kind == "missing" else key
    if _holds(options, path):
        return f"option --{str(key[-1]).replace('_', '-')}"
    if _holds(environment, path):
        return f"{PREFIX}{'__'.join(str(part) for part in key).upper()}"
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in key)
    return f"{file}, key {text.removeprefix('.')}"


def _holds(document: Any, path: tuple[int | str, ...]) -> bool:
    """Whether the document has something where the path points; what is no mapping holds all that is under it."""
    for part in path:
        if not isinstance(document, Mapping):
            return True
        if part not in document:
            return False
        document = document[part]
    return bool(path)


def _input_error(where: str, kind: str, message: str) -> InputError:
    """The sentence for what pydantic found; its own texts speak of Python where a section or a path is wrong."""
    sentences = {
        "extra_forbidden": "there is no such setting; correct its name or take it out",
        "missing": "this setting is missing; add it",
        "path_type": "this is no path; give text in quotes",
        "model_type": "this is no section; see agent-metrics.example.toml for its shape",
        "tuple_type": "this is no list; see agent-metrics.example.toml for its shape",
    }
    sentence = sentences.get(kind, message.removeprefix("Value error, "))
    what, _, remedy = sentence.partition("; ")
    return InputError(what[:1].lower() + what[1:], where=where, remedy=remedy or "correct it")


def _known(fields: Mapping[str, Any], prefix: str) -> str:
    return "known are " + ", ".join(f"{prefix}{name.upper()}" for name in fields)
