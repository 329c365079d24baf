"""A new payment as its page shows it: the reference the buyer quotes, what is awaited, and how to try again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orders.forms import amount_text
from orders.gateways import smartpay_payment_fields as known
from orders.gateways.base import Kind, TransactionState
from orders.gateways.smartpay_payment_fields import TextField
from orders.gateways.smartpay_payments import PaymentOption
from orders.models import Modification, ModificationState, Transaction
from orders.payment_forms import COMPANY, PERSON, ROWS_AT_FIRST
from orders.presenters.following import Following, Seen, follow
from orders.presenters.story import Story, story_of
from orders.templatetags.presentation import money_text, order_tone, order_word

OPTIONS = frozenset(option.value for option in PaymentOption)
_DUE = {
    PaymentOption.PREPAYMENT.value: "Payable in advance: what was ordered is delivered once the money has come.",
    PaymentOption.PAY_UPON_INVOICE.value: "Payable upon the invoice that carries this reference.",
}
_ENDED = {
    TransactionState.FAILED.value: "The payment failed at the gateway, so the buyer can no longer pay under it.",
    TransactionState.EXPIRED.value: "The buyer did not pay in time, so nobody can pay under this reference any more.",
    TransactionState.CANCELLED.value: "The payment was given up, so nobody can pay under this reference any more.",
}


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """What the buyer must quote when paying, for the page and for paper."""

    reference: str
    """transactionReference; empty when the gateway has not given one."""
    amount: str
    due: str
    buyer: str
    awaited: bool
    """Whether the buyer’s money has still to come."""


@dataclass(frozen=True, kw_only=True)
class PaymentCard:
    """The moving part of a new payment's page. The modification comes with its transaction, order and account."""

    modification: Modification
    story: Story
    following: Following
    followed: bool
    tone: str
    word: str
    sentence: str
    quoted: Quoted | None
    """None before the gateway has the payment."""
    may_try_again: bool

    @property
    def transaction(self) -> Transaction:
        """What was asked for."""
        return self.modification.transaction

    @property
    def news(self) -> str:
        """What a screen reader hears when it changed."""
        return f"{self.story.title}: {self.word}. {self.sentence}"


def awaits_buyer(transaction: Transaction) -> bool:
    """Whether the gateway has this prepayment or invoice payment and the buyer has not paid it yet."""
    return (
        transaction.named
        and transaction.state == TransactionState.PENDING_AUTHORIZATION
        and transaction.payment_method in OPTIONS
    )


def payment_card(modification: Modification, *, may_ask: bool, seen: Seen, now: datetime) -> PaymentCard:
    """The card now; `may_ask` says whether this person may ask for payments at this merchant."""
    transaction = modification.transaction
    awaited = awaits_buyer(transaction)
    story = story_of(modification, now=now)
    shown = (transaction.version, transaction.state, transaction.refreshed_at, modification.account.paused_reason)
    tone, word, sentence = _where_it_stands(modification, story)
    return PaymentCard(
        modification=modification,
        story=story,
        following=follow([modification], seen, now=now, facts=[story.undo_seconds > 0, *shown], awaited=awaited),
        followed=bool(seen.mark) or not modification.finished or awaited,
        tone=tone,
        word=word,
        sentence=sentence,
        quoted=quoted_of(transaction),
        may_try_again=may_ask and can_be_tried_again(modification),
    )


def quoted_of(transaction: Transaction) -> Quoted | None:
    """For a prepayment or an invoice payment that the gateway has; the transaction comes with its order loaded."""
    if not transaction.named or transaction.payment_method not in OPTIONS:
        return None
    return Quoted(
        reference=transaction.payment_reference,
        amount=money_text(transaction.order.amount, transaction.order.currency),
        due=_DUE[transaction.payment_method],
        buyer=transaction.order.customer_name,
        awaited=awaits_buyer(transaction),
    )


def can_be_tried_again(modification: Modification) -> bool:
    """Whether it certainly came to nothing, so that the same may be asked for anew."""
    came_to_nothing = modification.state in (ModificationState.FAILED, ModificationState.WITHDRAWN)
    ended_unpaid = modification.finished and modification.transaction.state in _ENDED
    return modification.kind == Kind.AUTHORIZE and (came_to_nothing or ended_unpaid)


def _where_it_stands(modification: Modification, story: Story) -> tuple[str, str, str]:
    """Tone, word, sentence: of the request until it succeeded, of the money from then on."""
    transaction = modification.transaction
    if modification.state != ModificationState.SUCCEEDED:
        tones = {ModificationState.FAILED: "bad", ModificationState.WITHDRAWN: "quiet"}
        doubtful = modification.in_doubt
        tone = "careful" if doubtful else tones.get(ModificationState(modification.state), "busy")
        return tone, modification.get_state_display(), story.sentence
    if transaction.frozen:
        return "bad", "Frozen", f"{transaction.frozen_reason} Two people must look before anything moves."
    return order_tone(transaction.state), order_word(transaction.state), _sentence_of_money(transaction)


def _sentence_of_money(transaction: Transaction) -> str:
    if awaits_buyer(transaction):
        return (
            "The gateway has the payment and waits for the buyer’s money. Nothing is paid yet, so do not deliver on a "
            "prepayment."
        )
    if transaction.captured:
        paid = money_text(transaction.captured, transaction.currency)
        return f"Paid: {paid} of the buyer’s money has come, as the gateway says."
    if transaction.state in _ENDED:
        return f"{_ENDED[TransactionState(transaction.state).value]} No money has come."
    return transaction.refresh_problem or f"The gateway says {transaction.raw_status}; no money is in the books yet."


# The form filled in with what was asked for before.


def typed_before(modification: Modification) -> dict[str, Any]:
    """What the form of a new payment said, from the frozen request. References that are used up are left out."""
    body: dict[str, Any] = json.loads(bytes(modification.body), parse_float=str, parse_int=str)
    payment, split = body["payment"], body.get("paymentSplit", {}).get("paymentSplitDestinations", [])
    criteria = body.get("criteria", [])
    typed = {
        "account": str(modification.account_id),
        "option": body["paymentOption"]["invoicePayment"]["type"],
        "amount": amount_text(modification.amount, modification.currency),
        "currency": modification.currency,
        "buyer": COMPANY if "businessConsumer" in body else PERSON,
        **_read("", body, known.PAYMENT),
        **_read("", payment, (known.DESCRIPTION,)),
        **_read("", body.get("extraInfo", {}), known.EXTRA_INFO),
        **_read("consumer_", body.get("consumer", {}), known.CONSUMER),
        **_read("business_consumer_", body.get("businessConsumer", {}), known.BUSINESS_CONSUMER),
        **_read("billing_address_", body.get("billingAddress", {}), known.ADDRESS),
        **_read("shipping_address_", body.get("shippingAddress", {}), known.ADDRESS),
        **_read("custom_references_", body.get("customReferences", {}), known.CUSTOM_REFERENCES),
        "split_rows": str(max(ROWS_AT_FIRST, len(split))),
        "criteria_rows": str(max(ROWS_AT_FIRST, len(criteria))),
    }
    for number, part in enumerate(split):
        typed |= _read(f"split_{number}_", part, known.SPLIT_DESTINATION) | {f"split_{number}_amount": part["amount"]}
    for number, criterion in enumerate(criteria):
        typed |= _read(f"criteria_{number}_", criterion, known.CRITERION)
    return typed | _references_again(modification)


def _read(prefix: str, said: dict[str, Any], fields: tuple[TextField, ...]) -> dict[str, str]:
    return {f"{prefix}{field.attribute}": str(said[field.wire]) for field in fields if field.wire in said}


def _references_again(modification: Modification) -> dict[str, str]:
    """A partner reference was used up when the gateway made a payment under it, or when it was made from the id."""
    transaction = modification.transaction
    minted = transaction.partner_reference == str(modification.pk)
    used_up = transaction.named or transaction.raw_status != ""
    order = transaction.order.reference
    return {
        "partner_reference": "" if minted or used_up else transaction.partner_reference,
        "order_reference": "" if order == transaction.partner_reference and minted else order,
    }
