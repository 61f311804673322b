"""What a pull did."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pulled:
    """What came from a source: rows by landing table, refused rows among them, a few refusals as sentences.

    `unknown_fields` are fields of answers that nobody expected, with how often they came; none is told twice.
    """

    source: str
    rows: dict[str, int] = field(default_factory=dict, kw_only=True)
    refused: dict[str, int] = field(default_factory=dict, kw_only=True)
    refusals: list[str] = field(default_factory=list, kw_only=True)
    ignored_columns: dict[str, list[str]] = field(default_factory=dict, kw_only=True)
    unknown_fields: dict[str, int] = field(default_factory=dict, kw_only=True)
    warnings: list[str] = field(default_factory=list, kw_only=True)

    @property
    def has_loaded(self) -> bool:
        """Whether anything was committed."""
        return False


@dataclass(frozen=True)
class PulledFiles(Pulled):
    """What came from a folder of files; `load` is the number of the load, None where nothing was new."""

    load: int | None = None
    files_loaded: int = field(default=0, kw_only=True)
    files_unchanged: int = field(default=0, kw_only=True)

    @property
    def has_loaded(self) -> bool:
        return self.load is not None


@dataclass(frozen=True)
class FirstLoad:
    """How far a first load is: `share` from 0 to 1, and when it should be over (ISO text, UTC), where that is known."""

    share: float
    over_at: str | None


@dataclass(frozen=True)
class PulledAccount(Pulled):
    """What came from a system for one account, in the loads with these numbers.

    `first_load` is there while a first load is under way; the next pull goes on with it.
    """

    account: str = field(kw_only=True)
    loads: list[int] = field(default_factory=list, kw_only=True)
    first_load: FirstLoad | None = field(default=None, kw_only=True)

    @property
    def has_loaded(self) -> bool:
        return bool(self.loads)
