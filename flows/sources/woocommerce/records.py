"""What is read of WooCommerce's answers: Orders, Refunds, Products of its REST API v3 and of its own controllers.

Fields that no column comes from are kept in payloads for who maps these again. No names, addresses, notes or meta data.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from flows.sources.api import Amount, Id, Instant, Listed, Loosely, Record, Text, Whole
from flows.sources.api.rows import listed


def _none_for_0(value: Any) -> Any:
    return None if str(value) == "0" else value


def _listed_or_none(value: Any) -> Any:
    return None if value is None else listed(value)


# 0 is no id.
OwnId = Annotated[Id, BeforeValidator(_none_for_0)]
ProductId = Annotated[Text, BeforeValidator(_none_for_0)]


class Meta(Record):
    """A field of a plugin's or of WooCommerce's own."""

    key: Loosely[Text] = None
    value: Any = None

    not_read = "id display_key display_value"


class Line(Record):
    """A line of an order."""

    id: OwnId
    name: Loosely[Text] = None
    product_id: ProductId = None
    variation_id: Loosely[Text] = None
    quantity: Amount | None = None
    sku: Text = None
    subtotal: Amount = Decimal(0)
    total: Amount = Decimal(0)
    total_tax: Loosely[Text] = None

    not_read = """
        bundle_configuration bundled_by bundled_item_title bundled_items composite_children composite_parent
        cost_of_goods_sold global_unique_id image meta_data parent_name price subtotal_tax tax_class taxes
        """


class Refunded(Record):
    """A line of a refund; its meta data names the line that it is of."""

    total: Amount = Decimal(0)
    meta_data: Listed[Meta] = ()

    not_read = f"id name product_id variation_id quantity sku subtotal total_tax refund_total {Line.not_read}"


class Refund(Record):
    line_items: Listed[Refunded] = ()

    not_read = """
        _links amount api_refund api_restock date_created date_created_gmt fee_lines id meta_data parent_id reason
        refunded_by refunded_payment shipping_lines tax_lines
        """


class RefundOfOrder(Record):
    """What an order says of a refund; the refund itself is asked for."""

    id: Text = None
    total: Loosely[Text] = None

    not_read = "reason refund"


class Billing(Record):
    email: Text = None
    phone: Text = None

    not_read = "address_1 address_2 city company country first_name last_name postcode state"


class Order(Record):
    id: OwnId
    number: Loosely[Text] = None
    status: Text = None
    currency: Text = None
    customer_id: Loosely[Whole] = None
    total: Loosely[Text] = None
    total_tax: Loosely[Text] = None
    shipping_total: Loosely[Text] = None
    date_created_gmt: Instant = None
    date_modified_gmt: Instant = None
    date_paid_gmt: Loosely[Instant] = None
    billing: Billing | None = None
    refunds: Loosely[Listed[RefundOfOrder]] = ()
    # Rows of their own; null is not the same as none.
    line_items: Annotated[tuple[Any, ...] | None, BeforeValidator(_listed_or_none)] = Field(None, exclude=True)

    not_read = """
        _links cart_hash cart_tax cost_of_goods_sold coupon_lines created_via currency_symbol customer_ip_address
        customer_note customer_user_agent date_completed date_completed_gmt date_created date_modified date_paid
        discount_tax discount_total fee_lines is_editable meta_data needs_payment needs_processing order_key parent_id
        payment_method payment_method_title payment_url prices_include_tax set_paid shipping shipping_lines shipping_tax
        tax_lines transaction_id version
        """


class Product(Record):
    id: OwnId
    name: Text = None
    sku: Loosely[Text] = None
    status: Loosely[Text] = None
    permalink: Text = None
    date_created_gmt: Loosely[Instant] = None
    date_modified_gmt: Instant = None

    not_read = """
        _links attributes average_rating backordered backorders backorders_allowed brands button_text
        catalog_visibility categories cost_of_goods_sold cross_sell_ids date_created date_modified date_on_sale_from
        date_on_sale_from_gmt date_on_sale_to date_on_sale_to_gmt default_attributes description dimensions
        download_expiry download_limit downloadable downloads external_url featured generated_slug global_unique_id
        grouped_products has_options images low_stock_amount manage_stock menu_order meta_data on_sale parent_id
        permalink_template post_password price price_html purchasable purchase_note rating_count regular_price
        related_ids reviews_allowed sale_price shipping_class shipping_class_id shipping_required shipping_taxable
        short_description slug sold_individually stock_quantity stock_status tags tax_class tax_status total_sales type
        upsell_ids variations virtual weight
        """


class Stamped(Record):
    """All that has to be known of a record to go on after it."""

    date_modified_gmt: Instant = None


class Named(Record):
    """All that has to be known of a line to know that the order has it."""

    id: OwnId


class Page(Record):
    """A list of orders or products, as the answer of a path."""

    orders: tuple[Any, ...] = ()
    products: tuple[Any, ...] = ()


class Refunds(Record):
    """The list of an order's refunds; one that cannot be read may be of any line."""

    refunds: tuple[Refund, ...]


class Refusal(Record):
    """What an answer that is not a success says."""

    code: Text = None

    is_open = True
