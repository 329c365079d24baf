"""New payments in JSON: what gateway A takes of one (seed 002). What else it demands is said by the verb's problem."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from orders.api.modification_words import CustomReferences
from orders.api.words import Amount, Currency, Given, Line, Name60

SPLIT_MAXIMUM, CRITERIA_MAXIMUM = 100, 100


class AddressGiven(Given):
    """`state` is needed in the United States and Canada."""

    country_code: Line = Field(max_length=3, description="ISO 3166-1 alpha-3, such as DEU.")
    address_line1: Line = Field(default="", max_length=60)
    address_line2: Line = Field(default="", max_length=60)
    address_line3: Line = Field(default="", max_length=60)
    number: Line = Field(default="", max_length=10, description="The house number.")
    post_code: Line = Field(default="", max_length=10)
    city: Line = Field(default="", max_length=50)
    state: Line = Field(default="", max_length=3)


class ConsumerGiven(Given):
    """A buyer who is a person."""

    title: Line = Field(default="", max_length=3)
    first_name: Line = Field(default="", max_length=60)
    middle_name: Line = Field(default="", max_length=60)
    last_name: Line = Field(default="", max_length=60)
    gender: Line = Field(default="", max_length=6)
    date_of_birth: Line = Field(default="", max_length=10, description="YYYY-MM-DD, not before 1900-01-01.")
    email: Line = Field(default="", max_length=255)
    home_phone: Line = Field(default="", max_length=30)
    mobile_phone: Line = Field(default="", max_length=30)
    work_phone: Line = Field(default="", max_length=30)
    tax_number: Line = Field(default="", max_length=30)
    merchant_customer_id: Line = Field(default="", max_length=255)
    culture: Line = Field(default="", max_length=5, description="Language and country, such as de-DE.")


class BusinessConsumerGiven(Given):
    """A buyer that is a company."""

    name: Line = Field(default="", max_length=100)
    country_code: Line = Field(default="", max_length=3, description="Of its registration; two or three letters.")
    registration_number: Line = Field(default="", max_length=50)
    contact_name: Line = Field(default="", max_length=100)
    email: Line = Field(default="", max_length=255)
    tax_number: Line = Field(default="", max_length=30)
    culture: Line = Field(default="", max_length=5, description="Language and country, such as de-DE.")


class SplitGiven(Given):
    """A part of the payment, in its currency, that goes to another merchant account."""

    destination_reference: Line = Field(max_length=127)
    amount: Amount
    description: Line = Field(default="", max_length=127)


class CriterionGiven(Given):
    """One of the shop's own name and value pairs; each name stands once."""

    name: Line = Field(max_length=50)
    value: Line = Field(max_length=100)


class PaymentGiven(Given):
    """A prepayment (PREPMNT) or pay upon invoice (PAYINVC), by a `consumer` or a `business_consumer`, never both."""

    account: Name60 = Field(description="The gateway account’s name here; one at SmartPay.")
    option: Literal["PREPMNT", "PAYINVC"]
    amount: Amount
    currency: Currency
    order_reference: Line = Field(default="", max_length=64, description="Left out, it is the partner reference.")
    partner_reference: Line = Field(
        default="", max_length=64, description="The gateway takes each once. Left out, one is made."
    )
    description: Line = Field(default="", max_length=127)
    billing_address: AddressGiven
    shipping_address: AddressGiven | None = None
    consumer: ConsumerGiven | None = None
    business_consumer: BusinessConsumerGiven | None = None
    split: list[SplitGiven] = Field(default=[], max_length=SPLIT_MAXIMUM)
    criteria: list[CriterionGiven] = Field(default=[], max_length=CRITERIA_MAXIMUM)
    custom_references: CustomReferences = CustomReferences()
    target_merchant_account_reference: Line = Field(default="", max_length=127)
    customer_account_id: Line = Field(default="", max_length=255)
    product_group: Line = Field(default="", max_length=100)
    customer_group: Line = Field(default="", max_length=100)
    shop_country: Line = Field(default="", max_length=2, description="ISO 3166-1 alpha-2, such as DE.")
