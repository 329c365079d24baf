"""A payment that gateway A is asked for without a shopper at its widget: prepayment or pay upon invoice (seed 002).

Plain data. Whether it keeps the gateway's limits says `smartpay_payment_limits.problems_of`; its bytes are made by
`smartpay_payment_writing.payment_request`. Every text may be empty, which means “not said”.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from orders.money import Money


class PaymentOption(StrEnum):
    """How the buyer pays later, under the reference that the gateway gives."""

    PREPAYMENT = "PREPMNT"
    PAY_UPON_INVOICE = "PAYINVC"


@dataclass(frozen=True, kw_only=True)
class Address:
    """`country_code` is ISO 3166-1 alpha-3 (DEU); `number` is the house number."""

    country_code: str
    address_line1: str = ""
    address_line2: str = ""
    address_line3: str = ""
    number: str = ""
    post_code: str = ""
    city: str = ""
    state: str = ""
    """Mandatory in the United States and Canada."""


@dataclass(frozen=True, kw_only=True)
class Consumer:
    """A buyer who is a person; `date_of_birth` is YYYY-MM-DD, `culture` like en-de."""

    title: str = ""
    first_name: str = ""
    middle_name: str = ""
    last_name: str = ""
    gender: str = ""
    date_of_birth: str = ""
    email: str = ""
    home_phone: str = ""
    mobile_phone: str = ""
    work_phone: str = ""
    tax_number: str = ""
    merchant_customer_id: str = ""
    culture: str = ""


@dataclass(frozen=True, kw_only=True)
class BusinessConsumer:
    """A buyer that is a company; `country_code` of its registration, alpha-2 or alpha-3."""

    name: str = ""
    country_code: str = ""
    registration_number: str = ""
    contact_name: str = ""
    email: str = ""
    tax_number: str = ""
    culture: str = ""


@dataclass(frozen=True, kw_only=True)
class SplitDestination:
    """A part of the payment that goes to another merchant account."""

    destination_reference: str
    amount: Money
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One of the merchant's own name and value pairs."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class NewPayment:
    """What to ask the gateway for. Exactly one of `consumer` and `business_consumer` is given."""

    option: PaymentOption
    amount: Money
    billing_address: Address
    consumer: Consumer | None = None
    business_consumer: BusinessConsumer | None = None
    shipping_address: Address | None = None
    partner_reference: str = ""
    """Unique for the merchant; when empty, the modification id is sent in its place."""
    description: str = ""
    split: tuple[SplitDestination, ...] = ()
    target_merchant_account_reference: str = ""
    criteria: tuple[Criterion, ...] = ()
    custom_references: Mapping[str, str] = field(default_factory=dict)
    """custom1 to custom3."""
    customer_account_id: str = ""
    product_group: str = ""
    customer_group: str = ""
    shop_country: str = ""
    """ISO 3166-1 alpha-2 (DE)."""

    def partner_reference_under(self, modification_id: str) -> str:
        """The reference that is really sent."""
        return self.partner_reference or modification_id
