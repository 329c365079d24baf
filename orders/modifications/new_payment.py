"""A person asks for a payment that does not exist yet: an order, a transaction without a name, the frozen request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.db import transaction as database_transaction
from django.db.models import Exists, OuterRef, Q

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.gateways.base import CannotSay, Capability, FrozenRequest, Kind, TransactionState
from orders.gateways.smartpay_payment_limits import problems_of
from orders.gateways.smartpay_payment_writing import payment_request
from orders.gateways.smartpay_payments import NewPayment
from orders.models import (
    NOT_YET_NAMED,
    ExternalMovement,
    GatewayAccount,
    Merchant,
    Modification,
    Order,
    ReferenceKind,
    RefundPlan,
    Source,
    Transaction,
)
from orders.modifications import bell
from orders.modifications.crash import crash
from orders.modifications.refusals import INVALID_ID, IdConflict, NotAllowed, Refused, UnknownThing
from orders.modifications.situation import capability_of
from orders.money import Money
from orders.permissions import permissions_of
from orders.references import note_words, words_of_customer
from orders.summary import summarise

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ORDER_REFERENCE_MAXIMUM = 64
DEAD = frozenset({TransactionState.FAILED.value, TransactionState.EXPIRED.value, TransactionState.CANCELLED.value})
"""An order whose payments have all ended so, and one without any, may be paid by a new one."""
_NOTHING_AGAINST_IT = Q(frozen_reason="") & ~Exists(
    ExternalMovement.objects.filter(transaction=OuterRef("pk"), kind=Kind.AUTHORIZE.value)
)
"""The gateway has not shown since that the payment was made after all: the buyer may pay that one."""


class PaymentRefused(NotAllowed):
    """The payment does not keep a limit; `problems` maps fields to sentences. Nothing was sent."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(next(iter(problems.values())), code="payment")
        self.problems = dict(problems)


@dataclass(frozen=True, kw_only=True)
class PaymentWish:
    """What was asked, exactly as it will be compared when the same id comes again."""

    modification_id: UUID
    account_id: int
    payment: NewPayment
    order_reference: str
    by: User
    source: Source


def why_not(capability: Capability, permissions: frozenset[str], *, paused_reason: str) -> str:
    """The rule: whether a person with these permissions may ask an account that can do this for a new payment.

    The sentence on the closed button; empty when it is open.
    """
    if "authorize" not in permissions:
        return "You may not ask for new payments at this merchant. An administrator can give you the permission."
    if Kind.AUTHORIZE not in capability.kinds:
        return "This gateway account makes no payments from here: its payments begin at the shop."
    if paused_reason:
        return f"Sending through this account is paused: {paused_reason.rstrip('.')}. Two people can resume it."
    return ""


def why_not_at(account: GatewayAccount, by: User) -> str:
    """The same for this account and this person."""
    return why_not(capability_of(account), permissions_of(by, account.merchant_id), paused_reason=account.paused_reason)


def accounts_for_new_payments(by: User) -> list[GatewayAccount]:
    """The accounts through which this person may ask, in the order of their names."""
    accounts = GatewayAccount.objects.filter(merchant__in=Merchant.objects.of(by)).select_related("merchant")
    return [account for account in accounts.order_by("name") if not why_not_at(account, by)]


def request_payment(
    *, modification_id: UUID, account_id: int, payment: NewPayment, order_reference: str, by: User, source: Source
) -> Modification:
    """Accept one new payment, once: the same id again returns the same row.

    The order is called `order_reference`, or like the partner reference when it is empty. Nothing is sent here. Raises
    a Refused (UnknownThing, IdConflict, PaymentRefused, NotAllowed), after writing the refusal to the audit log.
    """
    wish = PaymentWish(
        modification_id=modification_id,
        account_id=account_id,
        payment=replace(payment, partner_reference=payment.partner_reference_under(str(modification_id))),
        order_reference=order_reference.strip(),
        by=by,
        source=source,
    )
    try:
        return in_one_transaction(lambda: _accept(wish))
    except Refused as refusal:
        _write_refusal(wish, refusal)
        raise


def _accept(wish: PaymentWish) -> Modification:
    account = _account(wish)
    known = _already_asked(wish, account)
    if known is not None:
        return known
    reason = why_not_at(account, wish.by)
    if reason:
        raise NotAllowed(f"{reason} Nothing was sent.", code="permission")
    request = _request(wish, account)
    # One new payment of an account at a time, so that two people cannot take one reference at the same moment.
    GatewayAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
    try:
        with database_transaction.atomic():
            return _write(wish, account, request, _free_order(wish, account))
    except (IntegrityError, PaymentRefused):
        # The same form may have been accepted between our two looks; then this is its second click, not a refusal.
        known = _already_asked(wish, account)
        if known is not None:
            return known
        raise


def _account(wish: PaymentWish) -> GatewayAccount:
    accounts = GatewayAccount.objects.filter(merchant__in=Merchant.objects.of(wish.by))
    account = accounts.filter(pk=wish.account_id).select_related("merchant").first()
    if account is None:
        raise UnknownThing("There is no such account. Nothing was sent.", code="unknown_account")
    return account


def _request(wish: PaymentWish, account: GatewayAccount) -> FrozenRequest:
    problems = problems_of(wish.payment)
    if len(wish.order_reference) > ORDER_REFERENCE_MAXIMUM:
        problems["order_reference"] = f"An order’s reference has at most {ORDER_REFERENCE_MAXIMUM} characters."
    if problems:
        raise PaymentRefused(problems)
    return _composed(wish, account)


def _composed(wish: PaymentWish, account: GatewayAccount) -> FrozenRequest:
    try:
        return payment_request(
            wish.payment, merchant_key=account.merchant_key, modification_id=str(wish.modification_id)
        )
    except CannotSay as refusal:
        raise NotAllowed(f"{refusal} Nothing was sent.", code="cannot_say") from refusal


def _already_asked(wish: PaymentWish, account: GatewayAccount) -> Modification | None:
    """The row of a repeated form, when it is the same form; a conflict when it says something else."""
    known = Modification.objects.filter(pk=wish.modification_id).select_related("transaction__order").first()
    if known is None:
        if RefundPlan.objects.filter(pk=wish.modification_id).exists():
            raise IdConflict(INVALID_ID, code="invalid_id")
        return None
    if not Modification.objects.of(wish.by).filter(pk=known.pk).exists():
        raise IdConflict(INVALID_ID, code="invalid_id")
    same = (
        known.kind == Kind.AUTHORIZE
        and known.account_id == account.pk
        and known.requested_by_id == wish.by.pk
        and known.transaction.order.reference == _order_reference(wish)
        and _has_the_same_bytes(known, wish, account)
    )
    if same:
        return known
    raise IdConflict(
        "This form was already used for another payment; nothing was sent now. Open a fresh form.", code="id_conflict"
    )


def _has_the_same_bytes(known: Modification, wish: PaymentWish, account: GatewayAccount) -> bool:
    try:
        return known.body_sha256 == hashlib.sha256(_composed(wish, account).body).hexdigest()
    except NotAllowed:
        return False


def _free_order(wish: PaymentWish, account: GatewayAccount) -> Order | None:
    """The order that this payment is for, when it is known and unpaid; None when it is new. Raises PaymentRefused.

    Both references are unique: the gateway refuses a second payment under one, and so do we, before it is sent.
    """
    # What the gateway refused outright left no payment and no word behind, so that reference may be used again.
    used = Transaction.objects.filter(account=account, partner_reference=wish.payment.partner_reference)
    refused = Q(state=TransactionState.FAILED, raw_status="") & _NOTHING_AGAINST_IT
    taken = used.exclude(refused).select_related("order").first()
    if taken is not None:
        raise PaymentRefused(
            {
                "partner_reference": f"Order {taken.order.reference} has the partner reference "
                f"{taken.partner_reference} already, and the gateway takes each once; nothing was sent. Choose "
                "another, or leave it empty."
            }
        )
    order = Order.objects.filter(account=account, reference=_order_reference(wish)).first()
    if order is not None:
        _check_unpaid(order, wish)
    return order


def _check_unpaid(order: Order, wish: PaymentWish) -> None:
    dead = Q(state__in=DEAD, captured=0) & _NOTHING_AGAINST_IT
    if Transaction.objects.filter(order=order).exclude(dead).exists():
        sentence = f"There is an order {order.reference} with a payment already; nothing was sent. Choose another."
        raise PaymentRefused({"order_reference": sentence})
    known = Money(order.amount, order.currency)
    if known != wish.payment.amount:
        sentence = (
            f"Order {order.reference} is known and is about {known}, so its payment is about that too; nothing was "
            "sent. Take that amount, or another order reference."
        )
        raise PaymentRefused({"amount": sentence})


def _order_reference(wish: PaymentWish) -> str:
    return wish.order_reference or wish.payment.partner_reference


def _write(
    wish: PaymentWish, account: GatewayAccount, request: FrozenRequest, known_order: Order | None
) -> Modification:
    now = database_now()
    payment = wish.payment
    order = known_order or Order(
        merchant_id=account.merchant_id,
        account=account,
        reference=_order_reference(wish),
        currency=payment.amount.currency,
        amount=payment.amount.amount_minor,
        placed_at=now,
    )
    name, email = _buyer(payment)
    order.customer_name, order.customer_email = name or order.customer_name, email or order.customer_email
    order.save()
    transaction = Transaction.objects.create(
        merchant_id=account.merchant_id,
        account=account,
        order=order,
        reference=f"{NOT_YET_NAMED}{wish.modification_id}",
        partner_reference=payment.partner_reference,
        payment_method=payment.option.value,
        currency=payment.amount.currency,
        exclusive_modification=wish.modification_id,
        description=payment.description,
    )
    modification = _frozen_row(wish, account, transaction, request, now)
    modification.save(force_insert=True)
    note_words(
        order,
        [
            (ReferenceKind.ORDER, order.reference),
            (ReferenceKind.PARTNER, payment.partner_reference),
            (ReferenceKind.MODIFICATION, str(modification.pk)),
            *words_of_customer(name=name, email=email),
        ],
    )
    summarise(order)
    audit.record(
        verb="authorize.requested",
        sentence=f"{wish.by.get_username()} asked for a new payment of {payment.amount}.",
        source=wish.source,
        by=wish.by,
        modification=modification,
        details={"amount": payment.amount.amount_minor, "currency": payment.amount.currency, "version": 1},
    )
    database_transaction.on_commit(lambda: _announce(modification))
    return modification


def _frozen_row(
    wish: PaymentWish, account: GatewayAccount, transaction: Transaction, request: FrozenRequest, now: datetime
) -> Modification:
    undo_seconds = float(settings.UNDO_SECONDS) if wish.source in (Source.PAGE, Source.ADMIN) else 0.0
    return Modification(
        id=wish.modification_id,
        merchant_id=account.merchant_id,
        account=account,
        transaction=transaction,
        kind=Kind.AUTHORIZE.value,
        amount=wish.payment.amount.amount_minor,
        currency=wish.payment.amount.currency,
        description=wish.payment.description,
        custom_references=dict(wish.payment.custom_references),
        requested_by=wish.by,
        requested_at=now,
        source=wish.source,
        method=request.method,
        base_url=account.base_url,
        path=request.path,
        headers=dict(request.headers),
        body=request.body,
        body_sha256=hashlib.sha256(request.body).hexdigest(),
        due_at=now + timedelta(seconds=undo_seconds),
    )


def _buyer(payment: NewPayment) -> tuple[str, str]:
    """(name, e-mail) as the order shows them."""
    if payment.business_consumer is not None:
        return payment.business_consumer.name[:200], payment.business_consumer.email[:255]
    if payment.consumer is None:
        return "", ""
    person = payment.consumer
    parts = (person.title, person.first_name, person.middle_name, person.last_name)
    return " ".join(part for part in parts if part)[:200], person.email[:255]


def _announce(modification: Modification) -> None:
    crash("after_commit_before_publish", modification.pk)
    bell.ring(str(modification.pk))


def _write_refusal(wish: PaymentWish, refusal: Refused) -> None:
    accounts = GatewayAccount.objects.filter(merchant__in=Merchant.objects.of(wish.by))
    audit.record_refusal(
        verb="authorize.refused",
        sentence=refusal.sentence,
        source=wish.source,
        by=wish.by,
        account=accounts.filter(pk=wish.account_id).first(),
        details={
            "amount": wish.payment.amount.amount_minor,
            "code": refusal.code,
            "modification": str(wish.modification_id),
        },
    )
