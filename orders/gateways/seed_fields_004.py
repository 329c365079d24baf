"""Every statement and field of gateway C's seed 004 and what becomes of it, for seed-coverage.md."""

from __future__ import annotations

from orders.gateways.seed_fields import IGNORED, SENT, STORED, seed_rows

_ORDER, _MODIFICATION, _RAW, _HIDDEN = "order page", "modification page", "raw conversation", "not shown"

SEED_004 = [
    *seed_rows(
        "prose",
        STORED,
        _ORDER,
        """
        deferred payment | TransactionState.AUTHORIZED | a shadow on the card holder's account: reserved, not taken
        cancel when no money is wanted | Kind.CANCEL | everything reserved becomes available to the card holder again
        automatic release | Capability.authorization_days | normally after 7 days; the account may say 1 to 30
        """,
    ),
    *seed_rows(
        "request",
        SENT,
        _RAW,
        """
        POST | FrozenRequest.method | one method and one address for every deed; payment_type says which
        URL | Door.base_url | the account's base URL and the documented path below it
        {ID} | Instruction.card_reference | the card record, not the payment; without it nothing is sent
        """,
    ),
    *seed_rows(
        "request body",
        SENT,
        _MODIFICATION,
        """
        payment_type | Instruction.kind | DeferredRelease, DeferredCancel, Void or Refund
        platform | always SmarterPayCloud
        internal_payment_description | Instruction.description | the reason and the text for the shop
        gateway_payment_description | Instruction.customer_may_see | the same text, when staff let the shopper see it
        custom_reference | Instruction.modification_id | comes home in the webhook
        isAsnyc | Instruction.asynchronous | the vendor's spelling, true or false in every request
        metadata | Instruction.custom_references | with our modification_id, by which webhooks are matched first
        """,
    ),
    *seed_rows(
        "request sample",
        SENT,
        _MODIFICATION,
        """
        amount | Instruction.amount | whole minor units, in a release and a refund; a cancel is whole and names none
        currency_code | Instruction.amount | beside every amount
        related_payment_id | Instruction.transaction_reference, Instruction.capture_reference | the payment meant
        """,
    ),
    *seed_rows(
        "answer",
        STORED,
        _MODIFICATION,
        """
        card_id | Snapshot.card_reference | another one than asked for is a mismatch
        payment_id | Facts.gateway_id, Facts.reference | the new transaction's id; a success without it is unknown
        payment_type | Movement.raw_type | another one than asked for is a mismatch
        status | Facts.raw_status | alone decides; in capitals or not
        status_details | Facts.failure_text | empty is absent
        status_code | Facts.failure_code | empty is absent; 101 to 103 prove that nothing was processed
        gateway_status_code | Facts.failure_code | for staff, where the vendor gives no code of its own
        gateway_status_details | Facts.failure_text | a text for staff, no evidence: the sample answers a cancel with it
        """,
    ),
    *seed_rows("answer", STORED, _RAW, "platform | Facts.warnings | another one than asked for is a warning"),
    *seed_rows(
        "answer",
        IGNORED,
        _RAW,
        """
        payment_gateway | | kept in the attempt's transcript; it changes nothing
        gateway_status | | kept in the attempt's transcript; only the normalised status decides
        """,
    ),
    *seed_rows(
        "answer",
        STORED,
        _MODIFICATION,
        """
        202 Accepted | Verdict.PENDING | the result comes by webhook; asking is impossible
        result in a webhook | Told.outcome | settles only when the sender is proved
        """,
    ),
    *seed_rows(
        "prose",
        IGNORED,
        _HIDDEN,
        """
        portal of the vendor | | a place for people; what they do there comes home as a webhook
        list of possible values | | linked pages; the words known of them stand in docs/gateways/smarterpay.md
        document date | | last modified 2024/02/16; it changes nothing
        """,
    ),
]
