"""What can be set: one frozen tree, every field described, unknown keys refused."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, InstanceOf, model_validator

from contract import landing
from expectations.verdict import Thresholds
from flows.ground.address import FILE as DUCKDB_FILE
from flows.ground.address import Address, addresses
from flows.ground.memory import half_of_the_memory
from flows.settings.business_hours import BusinessHoursSettings
from flows.settings.deliveries import DeliveriesSettings
from flows.settings.handoffs import HandoffSettings, switched_on
from flows.settings.values import number, zone
from flows.sources.chatwoot.settings import ChatwootSettings
from flows.sources.gorgias.settings import GorgiasSettings
from flows.sources.hubspot.settings import HubspotSettings
from flows.sources.intercom.settings import IntercomSettings
from flows.sources.klaviyo.settings import KlaviyoSettings
from flows.sources.sections import AgentSettings, BaseUrl, SecretPlace, Section, SourceSettings
from flows.sources.shopify.settings import ShopifySettings
from flows.sources.sql.settings import SqlSettings
from flows.sources.woocommerce.settings import WooCommerceSettings
from flows.sources.zendesk.settings import ZendeskSettings


def _expanded(path: Path) -> Path:
    return path.expanduser().absolute()


def _nameable(path: Path) -> Path:
    """A folder that every program below us takes for the one that it is: DuckDB and dbt read some paths otherwise."""
    text = str(path)
    if said := sorted(sign for sign in set(text) if sign in _NOT_A_NAME or "\ud800" <= sign <= "\udfff"):
        raise ValueError(f"the path has {', '.join(map(ascii, said))}, {_HOW_IT_IS_READ}; name another folder")
    if (length := len(os.fsencode(text))) > LONGEST_HOME:
        raise ValueError(f"the path has {length:,} bytes, of which {LONGEST_HOME:,} may be; name another folder")
    return path


def _url(url: str) -> str:
    if said := sorted(_NOT_A_NAME & set(url)):
        raise ValueError(f"this URL has {', '.join(map(repr, said))}, {_HOW_IT_IS_READ}; name another place")
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        raise ValueError("this is not a URL; write s3://bucket/prefix, or leave it out for the folder in the home")
    if parts.username or parts.password:
        raise ValueError("this URL holds credentials; leave them to the environment, e.g. AWS_ACCESS_KEY_ID")
    return url


def warehouses_of(value: object) -> tuple[Address, ...]:
    """The addresses in a text, a list, or JSON of a list. Raises ValueError, which does not repeat them."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            raise ValueError("the value is not JSON; write it as JSON, or with blanks between several") from None
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


def _span(name: str) -> Any:
    """The field of an account's window or time-out; default and bounds are the landing contract's."""
    column = landing()["accounts"].column(name)
    words, _, unit = name.rpartition("_")
    about = f"{unit} of {words.replace('_', ' ')}" + ("; 0 switches the touch point off" if column.minimum == 0 else "")
    return Field(default=column.default, ge=column.minimum, le=column.maximum, description=about)


Channel = Annotated[str, _matching("[a-z][a-z0-9_]{0,39}", "give a word such as web_chat")]
Span = Annotated[int, BeforeValidator(number)]
Share = Annotated[float, BeforeValidator(number), Field(ge=0, le=1, allow_inf_nan=False)]
Sender = Literal["visitor", "agent", "human", "system"]
PathOfUser = Annotated[Path, AfterValidator(_expanded)]
_NOT_A_NAME = {"*", "[", "?", "#", "\0"}
_HOW_IT_IS_READ = "which DuckDB or dbt do not take for a part of a name"
LONGEST_HOME = 3000  # bytes; what is inside it has up to a thousand more, and 4,096 is the system's limit


class AccountSourcesSettings(Section):
    """The systems of one account that `pull` asks; a system that is not named here is not asked.

    Shops come first: they know which product a SKU is.
    """

    shopify: ShopifySettings | None = Field(default=None, description="a Shopify shop")
    sql: SqlSettings | None = Field(default=None, description="a SQL database of the shop's own")
    woocommerce: WooCommerceSettings | None = Field(default=None, description="a WooCommerce shop")
    klaviyo: KlaviyoSettings | None = Field(default=None, description="an account of Klaviyo")
    zendesk: ZendeskSettings | None = Field(default=None, description="a Zendesk")
    gorgias: GorgiasSettings | None = Field(default=None, description="a Gorgias")
    intercom: IntercomSettings | None = Field(default=None, description="a workspace of Intercom")
    chatwoot: ChatwootSettings | None = Field(default=None, description="an account of a Chatwoot")
    hubspot: HubspotSettings | None = Field(default=None, description="a HubSpot")

    @model_validator(mode="after")
    def _orders_from_one_place(self) -> AccountSourcesSettings:
        """Orders come from the shop; where the account has none, from Klaviyo's events."""
        if self.klaviyo and self.klaviyo.orders is None:
            others = (getattr(self, name) for name in type(self).model_fields if name != "klaviyo")
            has_shop = any(one.brings_orders for one in others if one)
            self.__dict__["klaviyo"] = self.klaviyo.model_copy(update={"orders": not has_shop})
        return self

    @model_validator(mode="after")
    def _profiles_from_one_place(self) -> AccountSourcesSettings:
        """Profiles have the ids of one system: the first that has some."""
        has_profiles = False
        for name in type(self).model_fields:
            one: SourceSettings | None = getattr(self, name)
            if isinstance(one, AgentSettings) and one.profiles is None:
                one = one.model_copy(update={"profiles": not has_profiles})
                self.__dict__[name] = one
            has_profiles = has_profiles or (one is not None and one.brings_profiles)
        return self


class AccountSettings(Section):
    """One account as the shop sets it; it replaces the account's delivered row whole (rule 2.4)."""

    account_id: str = Field(min_length=1, description="id of the account, as the sources deliver it")
    name: str | None = Field(default=None, description="name for people")
    timezone: Annotated[str, AfterValidator(zone)] = Field(description="IANA zone of the account's dates (rule 1.1)")
    currency: Annotated[str, _matching("[A-Z]{3}", "give an ISO 4217 code such as BRL")] = Field(
        description="ISO 4217 code of the account's orders, e.g. BRL"
    )
    auto_close_hours: Span = _span("auto_close_hours")
    web_chat_click_window_hours: Span = _span("web_chat_click_window_hours")
    sms_click_window_hours: Span = _span("sms_click_window_hours")
    sms_open_window_hours: Span = _span("sms_open_window_hours")
    sms_delivery_window_hours: Span = _span("sms_delivery_window_hours")
    inferred_touch_minutes: Span = _span("inferred_touch_minutes")
    inferred_window_hours: Span = _span("inferred_window_hours")
    follow_up_hours: Span = _span("follow_up_hours")
    recontact_days: Span = _span("recontact_days")
    language: Literal["en", "de", "es", "fr", "pt", "ko"] | None = Field(
        default=None, description="of the page, for this account; by default the language of the visitor's browser"
    )
    business_hours: BusinessHoursSettings | None = Field(
        default=None, description="when people answer (rule 13.3); by default as a source delivers it, else not known"
    )
    sources: AccountSourcesSettings = Field(default=AccountSourcesSettings(), description="where `pull` reads for it")
    deliveries: DeliveriesSettings = Field(
        default=DeliveriesSettings(), description="where its segments, events and follow-ups are delivered to"
    )

    handoffs: dict[Channel, HandoffSettings] = Field(
        default={}, description="what becomes of hand-offs, by channel, e.g. web_chat; nothing does by default"
    )

    @model_validator(mode="after")
    def _handoffs_can_be_made(self) -> AccountSettings:
        """Nothing is promised to a shopper that nobody can do."""
        for channel, one in switched_on(self.handoffs):
            try:
                one.destination(self.deliveries)
                if not one.is_event:
                    one.desk(vars(self.sources))
            except ValueError as error:
                raise ValueError(f"handoffs.{channel}: {error}") from None
        return self

    @model_validator(mode="after")
    def _currency_of_orders(self) -> AccountSettings:
        """Klaviyo's orders are in the account's currency, where their events name none."""
        if (klaviyo := self.sources.klaviyo) and klaviyo.order_currency is None:
            self.sources.__dict__["klaviyo"] = klaviyo.model_copy(update={"order_currency": self.currency})
        return self


class FilesSettings(Section):
    """A folder of files, one or more for each table of the landing contract."""

    path: PathOfUser = Field(description="folder with <table>.<ext> or <table>/<any name>.<ext>")
    follow_links: bool = Field(default=False, description="whether links that lead out of the folder are read")


class SourcesSettings(Section):
    """The systems that `pull` asks; a system that is not named here is not asked."""

    files: FilesSettings | None = Field(default=None, description="a folder of files")


class SparkSettings(Section):
    """The cluster of the engine `spark`."""

    master: str | None = Field(default=None, description="address of the cluster, e.g. spark://host:7077")
    conf: dict[str, str] = Field(default={}, description="further properties of Spark, e.g. spark.executor.memory")


class WordsSettings(Section):
    """What words of the sources mean that are new to us (rule 2.6); until they stand here, their rows wait."""

    channels: dict[str, Channel] = Field(
        default={}, description="the channel that a delivered text means, e.g. { 'Instagram DM' = 'instagram' }"
    )
    senders: dict[str, Sender] = Field(
        default={}, description="the sender that a delivered text means: visitor, agent, human or system"
    )


class TopicsSettings(Section):
    """How shoppers' questions are grouped."""

    embedder: str = Field(
        default="wordllama",
        description="model that turns texts into vectors: wordllama, an entry point, or module:function",
    )
    longest_wait_seconds: int = Field(
        default=60,
        ge=1,
        description="longest that a publication waits for the grouping; the next run goes on with what is left",
    )


class TokenSettings(Section):
    """A token that opens the page, and what it shows."""

    token: SecretPlace = Field(description="where the token is, at least 16 characters: env:NAME or block:name")
    accounts: tuple[str, ...] | None = Field(
        default=None,
        description="ids of the accounts that it shows; all by default, none where the list is empty",
    )
    texts: bool = Field(default=True, description="false: figures only, no message texts and no contact data")


class DashboardSettings(Section):
    """Who may see the page; without tokens it is served on this machine alone."""

    url: BaseUrl | None = Field(
        default=None, description="where the team opens the page, e.g. https://metrics.shop.example; tickets link to it"
    )
    tokens: tuple[TokenSettings, ...] = Field(default=(), description="tokens; every visitor has to give one of them")


class Settings(BaseModel):
    """All settings; made by `load`, which is where the file and the environment come in."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    home: Annotated[PathOfUser, AfterValidator(_nameable)] = Field(
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
        default=Thresholds.max_rejected_share,
        description="the gate closes when a greater share of the newly loaded rows was refused",
    )
    max_volume_drop: Share = Field(
        default=Thresholds.max_volume_drop,
        description="the gate closes when an account lost a greater share of its conversations or orders",
    )
    pull_minutes: Annotated[float, BeforeValidator(number), Field(gt=0)] = Field(
        default=10, description="minutes after which a pull from an API stops; the next pull goes on from there"
    )
    keep_publications: Annotated[int, BeforeValidator(number), Field(ge=1)] = Field(
        default=3, description="publications kept for going back, the newest included, however old they are"
    )
    keep_days: Annotated[float, BeforeValidator(number), Field(ge=0, le=36_500)] = Field(
        default=30, description="days for which one can go back to every publication that readers saw"
    )
    memory_limit: Annotated[
        str, _matching(r"[1-9]\d*(\.\d+)?\s?[KMGT]i?B", "give a number and its unit, as in 4GB")
    ] = Field(
        default_factory=half_of_the_memory,
        description="memory that the build may take, with its unit; half of the machine's or container's by default",
    )
    warehouse: Annotated[tuple[InstanceOf[Address], ...], BeforeValidator(warehouses_of)] = Field(
        default=(Address(DUCKDB_FILE),),
        description="where to publish: duckdb, the URL of a Postgres database, or a list; readers read the first",
    )
    engine: Literal["duckdb", "spark"] = Field(default="duckdb", description="engine that builds the candidate")
    segments: PathOfUser = Field(
        default=Path("segments"), description="folder with the definitions of segments, a YAML file each"
    )
    shipped_segments: bool = Field(
        default=True, description="whether the segments that come with the package count, too"
    )
    words: WordsSettings = Field(default=WordsSettings(), description="what words of the sources mean")
    topics: TopicsSettings = Field(default=TopicsSettings(), description="how questions are grouped")
    dashboard: DashboardSettings = Field(default=DashboardSettings(), description="who may see the page")
    spark: SparkSettings = Field(default=SparkSettings(), description="the cluster of the engine spark")

    def configured_sources(self) -> list[tuple[str, str | None]]:
        """The sources that have settings, each with its account; a folder of files belongs to no single account."""
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
