"""Every field of gateway A's seed 002, the API-only authorization, and what becomes of it.

The names of the properties are lost in the seed; those marked “assumed” are set in `smartpay_payment_fields`.
"""

from __future__ import annotations

from orders.gateways.seed_fields import IGNORED, SEED_001, SENT, STORED, WHOLE, SeedField, seed_rows

_NEW, _RAW = "New payment", "raw conversation"
_ADDRESS = """
    addressLine1 | Address.address_line1 | at most 60 characters
    addressLine2 | Address.address_line2 | at most 60 characters
    addressLine3 | Address.address_line3 | at most 60 characters
    city | Address.city | at most 50 characters
    countryCode | Address.country_code | exactly three capital letters
    number | Address.number | at most 10 characters
    postCode | Address.post_code | at most 10 characters
    state | Address.state | at most 3 characters; mandatory in the United States and Canada
    """
_REFERENCES = """
    customReferences | NewPayment.custom_references
    customReferences.custom1 | NewPayment.custom_references | at most 255 characters
    customReferences.custom2 | NewPayment.custom_references | at most 255 characters
    customReferences.custom3 | NewPayment.custom_references | at most 255 characters
    """

_HEADERS = [
    *(row for row in SEED_001 if row.part == "request header"),
    *seed_rows(
        "request header",
        SENT,
        "not shown",
        "Authorization | Basic, from the door at the moment of sending | never stored and in no transcript",
    ),
]

_REQUEST = [
    *seed_rows(
        "request body",
        SENT,
        _NEW,
        """
        paymentOption | NewPayment.option
        paymentOption.invoicePayment | NewPayment.option
        paymentOption.invoicePayment.type | NewPayment.option | PREPMNT or PAYINVC
        partnerReference | NewPayment.partner_reference | always sent, ours when empty; at most 64 of its characters
        paymentSplit | NewPayment.split | left out when there is none
        paymentSplit.paymentSplitDestinations | NewPayment.split | together at most the payment
        """,
    ),
    *seed_rows(
        "request body",
        SENT,
        _NEW,
        """
        destinationReference | SplitDestination.destination_reference | at most 127 characters
        amount | SplitDestination.amount | above zero, two decimals
        currencyCode | SplitDestination.amount | the payment's
        description | SplitDestination.description | at most 127 characters
        """,
        under="paymentSplit.paymentSplitDestinations.",
    ),
    *seed_rows(
        "request body", SENT, _NEW, "shippingAddress | NewPayment.shipping_address | left out when there is none"
    ),
    *seed_rows("request body", SENT, _NEW, _ADDRESS, under="shippingAddress."),
    *seed_rows(
        "request body",
        SENT,
        _NEW,
        """
        targetMerchantAccountReference | NewPayment.target_merchant_account_reference | at most 127 characters; assumed
        billingAddress | NewPayment.billing_address | mandatory
        """,
    ),
    *seed_rows("request body", SENT, _NEW, _ADDRESS, under="billingAddress."),
    *seed_rows("request body", SENT, _NEW, "businessConsumer | NewPayment.business_consumer | never beside a consumer"),
    *seed_rows(
        "request body",
        SENT,
        _NEW,
        """
        name | BusinessConsumer.name | at most 100 characters
        countryCode | BusinessConsumer.country_code | two or three capital letters
        registrationNumber | BusinessConsumer.registration_number | at most 50 characters
        contactName | BusinessConsumer.contact_name | at most 100 characters; assumed
        culture | BusinessConsumer.culture | language and country, such as de-DE
        email | BusinessConsumer.email | at most 255 characters
        taxNumber | BusinessConsumer.tax_number | at most 30 characters
        """,
        under="businessConsumer.",
    ),
    *seed_rows("request body", SENT, _NEW, "consumer | NewPayment.consumer | never beside a businessConsumer"),
    *seed_rows(
        "request body",
        SENT,
        _NEW,
        """
        culture | Consumer.culture | language and country, such as de-DE
        dateOfBirth | Consumer.date_of_birth | a day since 1900-01-01
        email | Consumer.email | at most 255 characters
        firstName | Consumer.first_name | at most 60 characters
        gender | Consumer.gender | at most 6 characters
        homePhone | Consumer.home_phone | at most 30 characters
        lastName | Consumer.last_name | at most 60 characters
        merchantCustomerId | Consumer.merchant_customer_id | at most 255 characters
        middleName | Consumer.middle_name | at most 60 characters
        mobilePhone | Consumer.mobile_phone | at most 30 characters
        taxNumber | Consumer.tax_number | at most 30 characters
        title | Consumer.title | at most 3 characters
        workPhone | Consumer.work_phone | at most 30 characters
        """,
        under="consumer.",
    ),
    *seed_rows(
        "request body",
        SENT,
        _NEW,
        """
        criteria | NewPayment.criteria | the two names that the gateway disregards are refused
        criteria.name | Criterion.name | at most 50 characters, each once
        criteria.value | Criterion.value | at most 100 characters
        """,
    ),
    *seed_rows("request body", SENT, _NEW, _REFERENCES),
    *seed_rows(
        "request body",
        SENT,
        _NEW,
        """
        customerAccountId | NewPayment.customer_account_id | at most 255 characters
        extraInfo | NewPayment.product_group, NewPayment.customer_group | left out when both are empty
        extraInfo.productGroup | NewPayment.product_group | at most 100 characters
        extraInfo.customerGroup | NewPayment.customer_group | at most 100 characters; assumed
        payment | NewPayment.amount
        payment.amount | NewPayment.amount | a JSON number with exactly two decimals
        payment.currencyCode | NewPayment.amount
        payment.description | NewPayment.description | at most 127 characters
        shopCountry | NewPayment.shop_country | two capital letters
        """,
    ),
]

_ERRORS = seed_rows(
    "error answer",
    STORED,
    "modification page",
    """
    error | Facts.failure_code | an open list
    errorDetails | Facts.failure_text
    errorDetails.gatewayDescription | Facts.failure_text
    errorDetails.paymentProviderDescription | Facts.failure_text
    message | Facts.failure_text | a text or an object
    errors | Facts.failure_code, Facts.failure_text | all items are read
    errors.message | Facts.failure_text
    errors.code | Facts.failure_code | the 500 has none
    errors.property | Facts.failure_text | partnerReference with “unique”: the payment exists already
    """,
)

SEED_002: list[SeedField] = [
    *_HEADERS,
    *_REQUEST,
    *(row for row in SEED_001 if row.part == "answer"),
    *_ERRORS,
    *seed_rows(
        "error answer",
        STORED,
        _RAW,
        f"""
        errorDetails.context | {WHOLE}
        traceId | {WHOLE} | to be quoted to the vendor
        errors.context | {WHOLE}
        """,
    ),
    *seed_rows(
        "example",
        STORED,
        _RAW,
        f"""
        modification.modificationData.paymentSplitResults.amount | {WHOLE} | in the example, not in the schema
        modification.modificationData.paymentSplitResults.currencyCode | {WHOLE}
        modification.modificationData.paymentSplitResults.description | {WHOLE}
        """,
    ),
    *seed_rows(
        "example",
        IGNORED,
        _RAW,
        "modificationId | | in one example at the top and equal to the transactionId: no proof of anything",
    ),
]
