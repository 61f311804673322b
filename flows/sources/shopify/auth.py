"""The access token: given, or asked for with the app's client ID and secret and again when it has run out."""

from __future__ import annotations

from collections.abc import Mapping

from requests import PreparedRequest
from requests.auth import AuthBase

from flows.sources.api import Http, Pace, Unknown
from flows.sources.shopify.answers import AccessToken
from flows.sources.shopify.graphql import NAME
from flows.sources.shopify.settings import ShopifySettings


class Token(AuthBase):
    """Sets `X-Shopify-Access-Token`. Raises InputError where the credential is missing."""

    def __init__(self, settings: ShopifySettings, environment: Mapping[str, str], pace: Pace, unknown: Unknown) -> None:
        self._unknown = unknown
        self._token: str | None = None
        self._application: dict[str, str] | None = None
        if settings.client_id and settings.client_secret:
            self._application = {
                "client_id": settings.client_id.read(environment),
                "client_secret": settings.client_secret.read(environment),
                "grant_type": "client_credentials",
            }
        else:
            self._token = settings.access_token.read(environment)
        self._http = Http(NAME, settings.url, auth=None, pace=pace, explain=_explain)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if self._token is None:
            self.obtain_token()
        request.headers["X-Shopify-Access-Token"] = self._token or ""
        return request

    def obtain_token(self) -> None:
        """Ask for a token, where the app can. Raises SourceUnavailable, SourceRefused."""
        if self._application is None:
            return
        answer = self._http.post("admin/oauth/access_token", self._application)
        self._token = AccessToken.answered(NAME, answer, self._unknown).access_token


def _explain(status: int, _answer: object) -> str | None:
    if status in {400, 401, 403}:
        return "see to client ID and secret, and whether the app is installed in this shop"
    return "see to shop" if status == 404 else None
