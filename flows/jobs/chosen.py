"""Which sources a job asks."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from itertools import starmap
from typing import TYPE_CHECKING

from flows.ground.errors import InputError
from flows.ground.progress import Progress
from flows.settings import Settings, credentials
from flows.settings.requests import PullRequest

if TYPE_CHECKING:
    from flows.sources.api import Client

REPORTING = ("klaviyo",)  # sources with figures of their own, in their module `reports`


@dataclass(frozen=True)
class Source:
    """A source to ask, and the account that it belongs to; a folder of files belongs to no single account."""

    name: str
    account: str | None = None

    def client(self, settings: Settings, progress: Progress) -> Client:
        """The way to it. Raises InputError where its credentials are not there."""
        account = next(one for one in settings.accounts if one.account_id == self.account)

        def waiting(seconds: float) -> None:
            progress.advance(0, what=f"waiting {seconds:.0f} s for the rate limit of {self.name}")

        module = importlib.import_module(f"flows.sources.{self.name}.client")  # only what is asked costs its import
        client: Client = module.Client(account.account_id, getattr(account.sources, self.name), credentials(), waiting)
        return client

    def __str__(self) -> str:
        return f"{self.name} ({self.account})" if self.account else self.name


def configured_sources(settings: Settings) -> list[Source]:
    """All sources of the settings."""
    return list(starmap(Source, settings.configured_sources()))


def sources_to_pull(request: PullRequest, settings: Settings) -> list[Source]:
    """The sources that the request names, else `files` where it has a path, else those of the settings.

    Raises InputError where a source has no settings, or where there is no source at all.
    """
    configured = configured_sources(settings)
    for name in request.source or ():
        if name not in {one.name for one in configured}:
            section = f"[accounts.sources.{name}] below an account of"
            remedy = "give --path" if name == "files" else f"add {section} agent-metrics.toml"
            raise InputError(f"the source '{name}' has no settings", where="option --source", remedy=remedy)
    names = list(request.source or ()) or (["files"] if request.path else [one.name for one in configured])
    if not names:
        raise InputError("no source is configured", remedy="give --path, or add sources to the settings")
    return sorted((one for one in configured if one.name in names), key=lambda one: names.index(one.name))


def reporting_sources(account: str | None, settings: Settings) -> list[Source]:
    """Sources that report figures of their own (chapter 10), of the account named or of all. Raises InputError."""
    known = [one.account_id for one in settings.accounts]
    if account is not None and account not in known:
        what, remedy = f"the settings have no account {account!r}", f"they have: {', '.join(known) or 'none'}"
        raise InputError(what, where="option --account", remedy=remedy)
    found = [one for one in configured_sources(settings) if one.name in REPORTING]
    found = [one for one in found if account in {None, one.account}]
    if not found:
        names, section = " or ".join(REPORTING), "[accounts.sources.klaviyo]"
        what = f"no account here has a source with figures of its own ({names})"
        raise InputError(what, remedy=f"add {section} below the account in agent-metrics.toml")
    return found
