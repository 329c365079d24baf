"""The door of gateway C: one request in, one reply out; faults strike here and idempotency is kept here."""

from __future__ import annotations

from orders.sandbox.doorway import StillRunning, Turns, digest, wait_for_latency, wait_if
from orders.sandbox.faults import FaultDial, Strike
from orders.sandbox.gateway_c import cards, execution, fields, misconduct
from orders.sandbox.gateway_c.answers import BAD_INFORMATION, Refused, refuse
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.gateway_c.movements import REPEAT
from orders.sandbox.gateway_c.passing_time import catch_up
from orders.sandbox.gateway_c.records import Kept
from orders.sandbox.gateway_c.subject import subject_of
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Arrival
from orders.sandbox.wire import Reply, Request

PREFIX = "/smarterpay"
TRANSACTION_PATH = "/SmarterPayCardPaymentService/api/transaction"
CARDS_PATH = "/service.svc/cards"
REPLAYED = (("idempotency-replay", "true"),)


class Door:
    """Gateway C. One object for all threads; what it remembers between requests is in the books."""

    def __init__(self, ledger: Ledger, faults: FaultDial) -> None:
        self._books = Books(ledger)
        self._faults = faults
        self._turns = Turns()

    def respond(self, request: Request) -> Reply:
        """The whole life of a request: fault before, answer, fault after. Always leaves a line in the request log."""
        wait_for_latency(self._books.dials)
        path = request.path[len(PREFIX) :]
        card_id = _card_id_in(path)
        subject = subject_of(request, path, card_id=card_id, books=self._books)
        arrival = Arrival(method=request.method, path=request.path, body_sha256=digest(request.body))
        arrival.merchant_key, arrival.modification_id = subject.merchant_key, subject.modification_id
        arrival.transaction_id = subject.transaction_id
        strike = self._faults.strike(subject)
        arrival.fault = strike.fault if strike else None
        prevented = misconduct.reply_before(strike, request, path) if strike else None
        if prevented is not None:
            arrival.outcome = "not_executed"
            self._books.ledger.log(arrival, prevented.status_seen)
            return prevented
        reply = self._answered(request, path, card_id, arrival, strike)
        wait_if("slow_after", strike)
        return reply

    def _answered(self, request: Request, path: str, card_id: str, arrival: Arrival, strike: Strike | None) -> Reply:
        try:
            return self._routed(request, path, card_id, arrival, strike)
        except StillRunning:
            arrival.outcome = "still_running"
            reply = misconduct.spoilt(misconduct.still_running(), strike)
        except Refused as refusal:
            reply = misconduct.spoilt(refusal.reply, strike)
        self._books.ledger.log(arrival, reply.status_seen)
        return reply

    def _routed(self, request: Request, path: str, card_id: str, arrival: Arrival, strike: Strike | None) -> Reply:
        merchant_key = fields.merchant_of(request, self._books.ledger)
        if request.method == "GET" and path == CARDS_PATH:
            return self._cards(request, merchant_key, arrival, strike)
        if request.method != "POST" or not (card_id or path.rstrip("/") == TRANSACTION_PATH):
            raise refuse(404, BAD_INFORMATION, "There is nothing at this address.")
        order = fields.order_in(request, merchant_key=merchant_key, card_id=card_id)
        key = order.idempotency_key if self._books.dials.smarterpay_idempotency == "on" else None
        if key is None:
            return self._carried_out(order, request, arrival, strike)
        with self._turns.alone(merchant_key, request.path, key):
            return self._carried_out(order, request, arrival, strike, key=key)

    def _cards(self, request: Request, merchant_key: str, arrival: Arrival, strike: Strike | None) -> Reply:
        wait_if("slow", strike)
        with self._books.store.transaction():
            reply = misconduct.spoilt(cards.listed(self._books, merchant_key, request.query), strike)
            arrival.outcome = "read"
            self._books.ledger.log(arrival, reply.status_seen)
        return reply

    def _carried_out(
        self, order: fields.Order, request: Request, arrival: Arrival, strike: Strike | None, *, key: str | None = None
    ) -> Reply:
        wait_if("slow", strike)
        books = self._books
        with books.store.transaction():
            kept = None if key is None else books.kept(order.merchant_key, request.path, key, now=books.clock_ms())
            if kept is not None:
                reply = _replayed(kept, arrival)
            else:
                reply = self._done(order, arrival, strike)
                if key is not None:
                    books.keep(_to_keep(order, request, key, arrival, reply, at=books.clock_ms()))
            reply = misconduct.spoilt(reply, strike)
            books.ledger.log(arrival, reply.status_seen)
        return reply

    def _done(self, order: fields.Order, arrival: Arrival, strike: Strike | None) -> Reply:
        if not order.card_id:
            return execution.register(self._books, order, arrival=arrival)
        payment = execution.subject_of(self._books, order)
        catch_up(self._books, payment)
        if order.payment_type == REPEAT:
            return execution.repeat(self._books, order, payment, arrival=arrival)
        reply = execution.act(self._books, order, payment, arrival=arrival, strike=strike)
        if self._books.dials.webhook_first:
            catch_up(self._books, payment)
        return reply


def _card_id_in(path: str) -> str:
    """Empty where the path names no card."""
    return path.removeprefix(TRANSACTION_PATH + "/") if path.startswith(TRANSACTION_PATH + "/") else ""


def _replayed(kept: Kept, arrival: Arrival) -> Reply:
    """The first answer again, whatever the body is now: the documents compare keys, not bytes."""
    arrival.outcome = "replayed" if kept.body_sha256 == arrival.body_sha256 else "replayed_for_other_bytes"
    return Reply(status=kept.http_status, body=kept.body, headers=REPLAYED)


def _to_keep(order: fields.Order, request: Request, key: str, arrival: Arrival, reply: Reply, *, at: int) -> Kept:
    return Kept(
        merchant_key=order.merchant_key,
        path=request.path,
        idempotency_key=key,
        at=at,
        body_sha256=arrival.body_sha256 or "",
        http_status=reply.status,
        body=reply.body,
    )
