"""Products that messages, clicks and sales speak of, by their titles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flows.ground.sql import literal
from flows.published.accounts import PublishedAccount
from flows.warehouses.reader import Reader

PRODUCTS = "select product_id, title, url from metrics.products where account_id = {} and product_id in ({})"


@dataclass(frozen=True)
class Product:
    """One product; unknown ones (rule 2.3) have no title. `url` is one of the web, or None."""

    product_id: str
    title: str | None
    url: str | None


def products(reader: Reader, account: PublishedAccount, product_ids: Iterable[str | None]) -> dict[str, Product]:
    """By their ids. An unknown product is there as well, without title."""
    wanted = sorted({one for one in product_ids if one is not None})
    found = {one: Product(one, None, None) for one in wanted}
    if wanted:
        query = PRODUCTS.format(literal(account.account_id), ", ".join(map(literal, wanted)))
        found |= {product_id: Product(product_id, title, web_url(url)) for product_id, title, url in reader.rows(query)}
    return found


def web_url(url: str | None) -> str | None:
    """The URL if it may become a link: http or https, with a host, without signs that nobody sees; else None."""
    if url is None or not url.isprintable() or set(url) & set(" <>\"'`\\"):
        return None
    try:
        parts = urlsplit(url)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return None
    return url if is_web else None
