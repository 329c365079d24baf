"""Why each gateway can do what it declares: the vendor's statement behind every property, in our words, with its place.

The places: seed 000 to 004 are the vendors' documents; A.1, B.1 … are the sections of the gateway notes. “Assumed” says
that the vendor states nothing, and what stands instead; an account may say otherwise in its profile.
"""

from __future__ import annotations

from dataclasses import dataclass

from orders.gateways.base import Kind

TITLES = {
    "kinds": "What can be asked for",
    "partial_capture": "A part can be captured",
    "multiple_capture": "Several captures",
    "releases_remainder": "The rest goes back after a capture",
    "remainder_choice": "Each capture says what becomes of the rest",
    "auto_capture": "The gateway captures by itself",
    "methods_without_capture": "Methods without an authorization",
    "authorization_days": "An authorization lasts",
    "cancels_after_capture": "Cancel after a capture",
    "void_seconds": "A capture can be voided for",
    "partial_refund": "A part can be refunded",
    "refunds_captures": "A refund names its capture",
    "instalments": "Instalments of the shopper",
    "replays": "The same request answers again",
    "replay_window_seconds": "Repeats are safe for",
    "replays_errors": "Refusals are remembered",
    "never_resent": "Never sent again",
    "finds_by_modification_id": "Can be looked up",
    "query_key": "Looked up by",
    "late_processing_seconds": "May still act after",
    "quarantine_seconds": "Waits for word after an unclear send",
    "reads": "Shows a transaction when asked",
    "lists": "Lists its transactions",
    "asynchronous": "Answers later",
    "webhook_trust": "Webhooks",
    "amount_format": "Amounts are written as",
    "decimals_maximum": "Decimals",
    "currencies": "Currencies",
    "deadline_seconds": "An answer is awaited for",
    "description_maximum": "Characters of a description",
    "shows_description": "The shopper can see the description",
}
"""Every property in the order of the page: money, then what an unclear send is worth, then how it is said."""

_SMARTPAY = """
kinds | Capture, cancel, refund and cancel-or-refund each have a request; so have new payments. | seed 000, 002
partial_capture | Any amount above zero and up to what was authorized can be captured. | seed 000
multiple_capture | One, for the rest is released; the status model hints at several. | seed 000, A.10 row 5
releases_remainder | What is not captured goes back to the shopper's funding source. | seed 000
remainder_choice | Nothing lets a capture keep the rest open. | seed 000
auto_capture | Capturing by request needs auto-capture to be off for the merchant key. | seed 000
methods_without_capture | Online bank transfers know no authorization: they are paid at once. | seed 000
authorization_days | It ends by itself, typically after five days. | seed 000
cancels_after_capture | Cancel works in the state authorized only and releases everything. | seed 000
void_seconds | There is no void. | seed 000
partial_refund | As many refunds as wanted, until what was captured is given back. | seed 000
refunds_captures | A refund names the transaction, not one of its captures. | seed 001
instalments | The shopper pays at once. | seed 001
replays | The same message with the same modificationId returns the first answer. | seed 000, 001
replay_window_seconds | Assumed: no end is stated, a day is taken and twenty hours of it are used. | A.6
replays_errors | Assumed: not stated, so a refusal of a repeat proves nothing. | A.6
never_resent | A new payment has no id before it is answered; a second request would be a second one. | seed 002
finds_by_modification_id | The status answer lists every modification with its modificationId. | A.3
query_key | The status answer is searched for this word. | A.3
late_processing_seconds | Assumed: the vendor's own time limit of 90 seconds, and a margin. | A.1
quarantine_seconds | Assumed: half an hour, for what can neither be repeated nor looked up. | A.6
reads | One request shows a transaction with its whole history. | A.3
lists | No list is documented. | A.2
asynchronous | Some answers say pending; the end is then read from the status. | A.4
webhook_trust | Notifications carry no signature, so each one only makes us read the status. | A.7
amount_format | A number in major units with two decimals. | seed 001, A.10 row 10
decimals_maximum | Two decimals. | seed 001
currencies | Any currency by its three letters. | seed 001
deadline_seconds | Clients should wait for 90 seconds at least. | A.1
description_maximum | 127 characters. | A.2.4
shows_description | Not stated that the shopper sees it. | A.2.4
"""

_SMARTPAY_ORDERS = """
kinds | Uncaptured and partly captured orders can be cancelled and captured, payments refunded. | seed 003
partial_capture | An order can be captured in part. | seed 003
multiple_capture | Partly captured orders can be captured again while the order is open. | seed 003, B.4
releases_remainder | Only when the capture says so. | B.4
remainder_choice | cancelRemainder is automatic (the rest is cancelled) or manual (it stays). | B.4
auto_capture | With automatic capture an approved order is captured by itself and can only be refunded. | seed 003
methods_without_capture | Every order is authorized first. | B.5
authorization_days | The order shows when it expires: seven days after its authorization. | B.5
cancels_after_capture | Cancelling a partly captured order gives back what is not captured. | seed 003, B.5
void_seconds | There is no void. | B.3
partial_refund | Several refunds, up to the amount of the payment. | B.4
refunds_captures | A refund is of one payment; a larger one is several refunds. | seed 003, B.4
instalments | The shopper pays in parts; a refund shortens the plan from its last payment backwards. | seed 003
replays | The same Idempotency-Key returns the first answer. | B.7
replay_window_seconds | A key is safe for six hours; five and a half of them are used. | B.7
replays_errors | Assumed: not stated, so a refusal of a repeat proves nothing. | B.7
never_resent | Everything carries a key. | B.7
finds_by_modification_id | Our id stands as the reference of the payment or refund, which the order shows. | B.7
query_key | The payments and refunds of the order are searched for this word. | B.7
late_processing_seconds | Assumed: twice the time limit of the vendor's own clients. | B.7
quarantine_seconds | Not needed: what is unclear is repeated or looked up. | B.7
reads | Orders and payments are retrieved by their id. | seed 003
lists | Orders, payments and refunds are listed in pages. | B.5
asynchronous | Every answer is the end; refunds have no pending state. | B.5
webhook_trust | Every event is signed over its time and its bytes. | B.8
amount_format | A number in the smallest unit. | B.4
decimals_maximum | The yen has no decimals. | B.1
currencies | Japanese yen only. | B.1
deadline_seconds | The vendor's own clients wait for 30 seconds. | B.7
description_maximum | Assumed: what a session takes; nothing is stated for captures and refunds. | B.4
shows_description | Not stated that the shopper sees it. | B.4
"""

_SMARTERPAY = """
kinds | Release, cancel, void and refund are payment types of one address. | seed 004, C.2
partial_capture | A release takes any amount up to the reserved one. | C.2
multiple_capture | Normally there is one release. | C.2
releases_remainder | The rest goes back to the card holder. | C.2
remainder_choice | Nothing lets a release keep the rest. | C.2
auto_capture | Deferred payments wait for a release. | seed 004
methods_without_capture | Payments that are not deferred are taken at once. | C.2
authorization_days | The gateway releases it, normally after seven days; others after 1 to 30. | seed 004, C.8 row 7
cancels_after_capture | A cancel gives the whole reserved amount back, instead of taking any money. | seed 004
void_seconds | A taken payment is voided whole until it has cleared at the bank; assumed: a day. | C.2
partial_refund | Assumed: once it has cleared, also in part. | C.2
refunds_captures | A refund names the payment that it gives back. | C.2
instalments | The shopper pays at once. | C.2
replays | A key is honoured by the neighbouring interface; that this one does is not stated. | C.4
replay_window_seconds | Nothing is sent again by itself. | C.4
replays_errors | Nothing is sent again by itself. | C.4
never_resent | Nothing is sent again by itself, whatever it is. | C.4
finds_by_modification_id | No request shows a card transaction. | C.4
query_key | There is nothing to search. | C.4
late_processing_seconds | Assumed: half an hour. | C.4
quarantine_seconds | Assumed: for half an hour a webhook may still tell, then a person looks. | C.4
reads | No request shows a card transaction. | C.6
lists | The list of cards has no amounts, so it is a hint at most. | C.6
asynchronous | isAsnyc asks for 202 at once; the result comes by webhook or stands in the portal. | seed 004
webhook_trust | Events are signed; the way of signing is a setting of the account. | C.5
amount_format | A whole number in minor units. | seed 004
decimals_maximum | What the currency has: the minor unit is the smallest. | seed 004
currencies | Any currency by its three letters. | seed 004
deadline_seconds | Assumed: 30 seconds. | C.4
description_maximum | Assumed: 255 characters for either description. | C.2
shows_description | gateway_payment_description may be seen by the customer. | seed 004
"""


@dataclass(frozen=True, kw_only=True)
class Said:
    """The vendor's statement behind one property."""

    sentence: str
    place: str


def _read(table: str) -> dict[str, Said]:
    """One line is one property: name | statement | place."""
    rows = [[cell.strip() for cell in line.split(" | ")] for line in table.strip().splitlines()]
    return {name: Said(sentence=sentence, place=place) for name, sentence, place in rows}


SAID: dict[str, dict[str, Said]] = {
    "smartpay": _read(_SMARTPAY),
    "smartpay_orders": _read(_SMARTPAY_ORDERS),
    "smarterpay": _read(_SMARTERPAY),
}
"""By the gateway's name, then by the property's."""

SCHEDULE_ESTIMATE = "Estimate; Smartpay keeps the schedule"
"""Said beside the shopper's instalments: the interface shows them to nobody (B.5), so they are computed."""
_REFUND_HERE_ONLY = (
    "Give this money back only here: no cash, no exchange and no store credit. The shopper would still owe the "
    "instalments and would not know why."
)
# All of them are statements of seed 003.
_HINTS: dict[str, dict[Kind, tuple[str, ...]]] = {
    "smartpay_orders": {
        Kind.REFUND: (
            _REFUND_HERE_ONLY,
            "The shopper’s schedule is shortened from the last payment backwards; what they paid too much goes back to "
            "their card.",
            "Nothing can be added to an approved order: for another article the shopper places a new one.",
            "Only you can start a refund or cancellation; Smartpay sends shoppers who ask for one to you.",
        ),
        Kind.CANCEL: ("Only you can start a refund or cancellation; Smartpay sends shoppers who ask for one to you.",),
        Kind.CAPTURE: ("Nothing can be added to an approved order: for another article the shopper places a new one.",),
    },
}


def hints_for(gateway: str, kind: Kind) -> tuple[str, ...]:
    """What this gateway's vendor wants staff to know before they ask for this; empty where it says nothing."""
    return _HINTS.get(gateway, {}).get(kind, ())
