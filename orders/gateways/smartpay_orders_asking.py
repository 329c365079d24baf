"""Speaks with gateway B: one exchange, or the several reads that make one order whole within one deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from orders.gateways import http
from orders.gateways.base import Door, FrozenRequest, Observation
from orders.gateways.exact_json import Unreadable
from orders.gateways.smartpay_orders_reading import (
    Order,
    Payment,
    read_order,
    read_payment,
    read_refund,
    with_payments,
)
from orders.gateways.smartpay_orders_scrubbing import scrub
from orders.gateways.smartpay_orders_words import TITLE
from orders.gateways.smartpay_orders_writing import order_request, payment_request, refund_request
from orders.gateways.transport import fault_sentence, is_success

READS_MAXIMUM = 50
"""For one question. An order that needs more is not read to its end, and the sentence says so."""

Thing = TypeVar("Thing")


class NotRead(Exception):
    """The question has no answer; `seen` is the exchange that failed, None when no further one was tried.

    `in_part`: the order was read, but not all of its pieces.
    """

    def __init__(self, sentence: str, seen: Observation | None, *, in_part: bool = False) -> None:
        super().__init__(sentence)
        self.seen = seen
        self.in_part = in_part


def exchange(door: Door, request: FrozenRequest) -> Observation:
    """One exchange with the account's current key, which stands in the header as it is."""
    return http.exchange(door, request, authorization=f"Basic {door.authentication_key}", scrub=scrub)


class Asking:
    """The reads of one question. All together take no longer than one request may."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.ends_at = time.monotonic() + door.deadline_seconds
        self.reads_left = READS_MAXIMUM

    def read(self, request: FrozenRequest, reader: Callable[[bytes], Thing]) -> tuple[Thing, Observation]:
        """One read. Raises NotRead."""
        seconds = int(self.ends_at - time.monotonic())
        first = self.reads_left == READS_MAXIMUM
        if not first and (self.reads_left == 0 or seconds < 1):
            raise NotRead(f"{TITLE} shows this order in more pieces than could be read at once.", None)
        self.reads_left -= 1
        seen = exchange(self.door if first else replace(self.door, deadline_seconds=seconds), request)
        if seen.fault is not None or not is_success(seen):
            told = f"{TITLE} answered HTTP {seen.status}." if seen.fault is None else fault_sentence(seen)
            raise NotRead(told, seen)
        try:
            return reader(seen.body), seen
        except Unreadable as problem:
            raise NotRead(f"{TITLE}'s answer could not be read.", seen) from problem

    def whole_order(self, order_id: str) -> tuple[Order, Observation]:
        """The order with every payment and refund, as far as the gateway shows them. Raises NotRead and CannotSay.

        The observation is that of the order itself.
        """
        order, seen = self.read(order_request(order_id), read_order)
        try:
            payments = [self._whole_payment(payment) for payment in order.payments]
            payments += [self._payment(payment_id) for payment_id in order.payment_ids]
        except NotRead as problem:
            raise NotRead(str(problem), problem.seen, in_part=True) from problem
        return with_payments(order, tuple(payments)), seen

    def order_of_payment(self, payment_id: str) -> str:
        """The id of the order that a payment belongs to. Raises NotRead and CannotSay."""
        payment, seen = self.read(payment_request(payment_id), read_payment)
        return _said(payment.owner, "order", seen)

    def payment_of_refund(self, refund_id: str) -> str:
        """The id of the payment that a refund belongs to. Raises NotRead and CannotSay."""
        refund, seen = self.read(refund_request(refund_id), read_refund)
        return _said(refund.owner, "payment", seen)

    def _payment(self, payment_id: str) -> Payment:
        payment, _seen = self.read(payment_request(payment_id), read_payment)
        return self._with_refunds(payment)

    def _whole_payment(self, payment: Payment) -> Payment:
        """An order may show its payments without a place for refunds; the payment's own page has one."""
        return self._with_refunds(payment) if payment.lists_refunds or not payment.id else self._payment(payment.id)

    def _with_refunds(self, payment: Payment) -> Payment:
        refunds = [self.read(refund_request(refund_id), read_refund)[0] for refund_id in payment.refund_ids]
        return replace(payment, refunds=(*payment.refunds, *refunds), refund_ids=())


def _said(found: str, what: str, seen: Observation) -> str:
    if not found:
        raise NotRead(f"{TITLE} does not say which {what} it belongs to.", seen)
    return found
