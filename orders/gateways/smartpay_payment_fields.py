"""The texts of a new payment: their names at gateway A and their limits, in the order of seed 002.

The scraped seed lost the names of its properties; those of a consumer, a company and extraInfo are assumed. This is the
one place to change them: the writer and the limits both read these tables.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TextField:
    """`attribute` is our name, `wire` the gateway's; `label` begins a sentence; lengths are in characters."""

    attribute: str
    wire: str
    label: str
    maximum: int


def _fields(rows: str) -> tuple[TextField, ...]:
    """One field a line: our name | the gateway's name | most characters | label."""
    made = []
    for row in rows.strip().splitlines():
        attribute, wire, maximum, label = (cell.strip() for cell in row.split("|"))
        made.append(TextField(attribute=attribute, wire=wire, maximum=int(maximum), label=label))
    return tuple(made)


PAYMENT = _fields(
    """
    partner_reference | partnerReference | 64 | The reference
    target_merchant_account_reference | targetMerchantAccountReference | 127 | The other merchant account
    customer_account_id | customerAccountId | 255 | The customer's account
    shop_country | shopCountry | 2 | The shop's country
    """
)
DESCRIPTION = TextField(attribute="description", wire="description", label="The description", maximum=127)
SPLIT_DESTINATION = _fields(
    """
    destination_reference | destinationReference | 127 | The destination
    description | description | 127 | The description of this part
    """
)
ADDRESS = _fields(
    """
    address_line1 | addressLine1 | 60 | The street
    address_line2 | addressLine2 | 60 | The second address line
    address_line3 | addressLine3 | 60 | The third address line
    city | city | 50 | The city
    country_code | countryCode | 3 | The country
    number | number | 10 | The house number
    post_code | postCode | 10 | The postal code
    state | state | 3 | The state
    """
)
BUSINESS_CONSUMER = _fields(
    """
    name | name | 100 | The company's name
    country_code | countryCode | 3 | The country of registration
    registration_number | registrationNumber | 50 | The registration number
    contact_name | contactName | 100 | The contact's name
    culture | culture | 5 | The language
    email | email | 255 | The e-mail address
    tax_number | taxNumber | 30 | The tax number
    """
)
CONSUMER = _fields(
    """
    culture | culture | 5 | The language
    date_of_birth | dateOfBirth | 10 | The date of birth
    email | email | 255 | The e-mail address
    first_name | firstName | 60 | The first name
    gender | gender | 6 | The gender
    home_phone | homePhone | 30 | The phone number at home
    last_name | lastName | 60 | The last name
    merchant_customer_id | merchantCustomerId | 255 | The customer's number
    middle_name | middleName | 60 | The middle name
    mobile_phone | mobilePhone | 30 | The mobile phone number
    tax_number | taxNumber | 30 | The tax number
    title | title | 3 | The title
    work_phone | workPhone | 30 | The phone number at work
    """
)
CRITERION = _fields(
    """
    name | name | 50 | The name of this criterion
    value | value | 100 | The value of this criterion
    """
)
EXTRA_INFO = _fields(
    """
    product_group | productGroup | 100 | The product group
    customer_group | customerGroup | 100 | The customer group
    """
)
CUSTOM_REFERENCES = _fields(
    """
    custom1 | custom1 | 255 | The first own reference
    custom2 | custom2 | 255 | The second own reference
    custom3 | custom3 | 255 | The third own reference
    """
)
DISREGARDED_CRITERIA = ("callBackUrl", "redirectUrl")
STATE_MANDATORY_IN = {"USA": "the United States", "CAN": "Canada"}
EARLIEST_BIRTH = "1900-01-01"
