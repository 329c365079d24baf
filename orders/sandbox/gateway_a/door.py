"""The door of gateway A: one request in, one reply out; faults strike here and idempotency is kept here."""

from __future__ import annotations

from orders.sandbox import json_text, spoiling
from orders.sandbox.doorway import StillRunning, Turns, digest, wait_for_latency, wait_if
from orders.sandbox.fault_kinds import KINDS, Stage
from orders.sandbox.faults import FaultDial, Strike
from orders.sandbox.gateway_a import authorize, checkout, deals, fields, legs, misconduct
from orders.sandbox.gateway_a.answers import Style, status_answer
from orders.sandbox.gateway_a.errors import Refused, refuse_access, refuse_state, validation
from orders.sandbox.gateway_a.execution import execute
from orders.sandbox.gateway_a.passing_time import catch_up
from orders.sandbox.gateway_a.subject import subject_of
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Answer, Arrival
from orders.sandbox.wire import Reply, Request

PREFIX = "/smartpay"
STATUS_PATH = "/payment/status/"
CREATION_PATH = "/payment/creation"
KIND_OF_PATH = {
    "/payment/capture": "capture",
    "/payment/cancel": "cancel",
    "/payment/cancelOrRefund": "cancelOrRefund",
    "/payment/refund": "refund",
}
MODIFYING = frozenset({*KIND_OF_PATH, *authorize.PATHS})


class Door:
    """Gateway A. One object for all threads; what it remembers between requests is in the ledger."""

    def __init__(self, ledger: Ledger, faults: FaultDial) -> None:
        self._ledger = ledger
        self._faults = faults
        self._turns = Turns()
        self._status_reads = 0

    def respond(self, request: Request) -> Reply:
        """The whole life of a request: fault before, answer, fault after. Always leaves a line in the request log."""
        wait_for_latency(self._ledger.dials.now)
        path = request.path[len(PREFIX) :]
        subject = subject_of(request, path, modifies=path in MODIFYING, ledger=self._ledger)
        arrival = Arrival(method=request.method, path=request.path, body_sha256=digest(request.body))
        arrival.merchant_key, arrival.modification_id = subject.merchant_key, subject.modification_id
        arrival.transaction_id = subject.transaction_id
        strike = self._faults.strike(subject)
        arrival.fault = strike.fault if strike else None
        prevented = spoiling.reply_before(strike, path, say=misconduct.say) if strike else None
        if prevented is not None:
            arrival.outcome = "not_executed"
            self._ledger.log(arrival, prevented.status_seen)
            return prevented
        return self._answered(request, path, arrival, strike)

    def _answered(self, request: Request, path: str, arrival: Arrival, strike: Strike | None) -> Reply:
        try:
            reply = self._routed(request, path, arrival, strike)
        except StillRunning:
            arrival.outcome = "still_running"
            reply = spoiling.spoilt(misconduct.still_running(), strike, say=misconduct.say)
            self._ledger.log(arrival, reply.status_seen)
        except Refused as refusal:
            reply = spoiling.spoilt(refusal.reply, strike, say=misconduct.say)
            self._ledger.log(arrival, reply.status_seen)
        wait_if("slow_after", strike)
        return reply

    def _routed(self, request: Request, path: str, arrival: Arrival, strike: Strike | None) -> Reply:
        merchant_key = fields.credential_of(request, self._ledger)
        fields.check_headers(request)
        if request.method == "GET" and path.startswith(STATUS_PATH):
            return self._status(merchant_key, path[len(STATUS_PATH) :], arrival, strike)
        if request.method == "POST" and path in KIND_OF_PATH:
            return self._modify(request, KIND_OF_PATH[path], merchant_key, arrival, strike)
        if request.method == "POST" and path == CREATION_PATH:
            return self._create(request, merchant_key, arrival, strike)
        if request.method == "POST" and path in authorize.PATHS:
            return self._authorize(request, merchant_key, arrival, strike)
        if request.method == "PUT" and path == deals.PATH:
            return self._make_deal(request, merchant_key, arrival)
        raise refuse_access(404)

    def _status(self, merchant_key: str, transaction_id: str, arrival: Arrival, strike: Strike | None) -> Reply:
        wait_if("slow", strike)
        with self._ledger.store.transaction():
            transaction = self._ledger.transaction(transaction_id)
            if transaction is None or transaction.merchant_key != merchant_key:
                raise refuse_access(404)
            catch_up(self._ledger, transaction)
            executions = self._ledger.executions(transaction_id)
            self._status_reads += 1
            style = Style(self._ledger.dials.now, f"{transaction_id}|{self._status_reads}")
            facts = legs.facts_of(self._ledger, executions)
            body = status_answer(transaction, executions, style=style, facts=facts)
            if strike and KINDS[strike.fault].stage is Stage.ANSWER:
                misconduct.distort(body, strike.fault)
            reply = spoiling.spoilt(Reply(body=json_text.write(body)), strike, say=misconduct.say)
            arrival.outcome, arrival.transaction_id = "read", transaction_id
            self._ledger.log(arrival, reply.status_seen)
        return reply

    def _create(self, request: Request, merchant_key: str, arrival: Arrival, strike: Strike | None) -> Reply:
        wait_if("slow", strike)
        body = fields.object_in(request.body)
        with self._ledger.store.transaction():
            made = checkout.create(self._ledger, merchant_key=merchant_key, body=body)
            reply = spoiling.spoilt(made, strike, say=misconduct.say)
            arrival.outcome = "created"
            self._ledger.log(arrival, reply.status_seen)
        return reply

    def _authorize(self, request: Request, merchant_key: str, arrival: Arrival, strike: Strike | None) -> Reply:
        wait_if("slow", strike)
        body = fields.object_in(request.body)
        with self._ledger.store.transaction():
            made = authorize.authorize(self._ledger, body, merchant_key=merchant_key, arrival=arrival, strike=strike)
            reply = spoiling.spoilt(made, strike, say=misconduct.say)
            self._ledger.log(arrival, reply.status_seen)
        return reply

    def _make_deal(self, request: Request, merchant_key: str, arrival: Arrival) -> Reply:
        body = fields.object_in(request.body)
        with self._ledger.store.transaction():
            reply = deals.create(self._ledger, body, merchant_key=merchant_key)
            arrival.outcome = "created"
            self._ledger.log(arrival, reply.status_seen)
        return reply

    def _modify(self, request: Request, kind: str, merchant_key: str, arrival: Arrival, strike: Strike | None) -> Reply:
        order = fields.order_in(fields.object_in(request.body), kind=kind)
        if order.merchant_key != merchant_key:
            raise refuse_access(403)
        with self._turns.alone(merchant_key, order.modification_id):
            wait_if("slow", strike)
            with self._ledger.store.transaction():
                kept = self._ledger.answer(merchant_key, order.modification_id)
                if kept is None:
                    reply = execute(self._ledger, order, arrival=arrival, strike=strike)
                    self._keep(order, request, arrival, reply)
                else:
                    reply = self._replayed(kept, request, arrival)
                reply = spoiling.spoilt(reply, strike, say=misconduct.say)
                self._ledger.log(arrival, reply.status_seen)
        return reply

    def _keep(self, order: fields.Order, request: Request, arrival: Arrival, reply: Reply) -> None:
        answer = Answer(
            path=request.path, body_sha256=arrival.body_sha256 or "", http_status=reply.status, body=reply.body
        )
        self._ledger.keep_answer(order.merchant_key, order.modification_id, answer)

    def _replayed(self, kept: Answer, request: Request, arrival: Arrival) -> Reply:
        """The same bytes get the same bytes; other bytes under the same id are a conflict (gateways.md A.6)."""
        if (kept.path, kept.body_sha256) != (request.path, arrival.body_sha256):
            arrival.outcome = "id_conflict"
            raise Refused(
                validation(
                    "This modificationId was already used for another request.",
                    "modification_id_conflict",
                    property="modificationId",
                )
            )
        if self._ledger.dials.now.replay == "off" and kept.http_status < 300:
            arrival.outcome = "refused"
            raise refuse_state("The transaction is already modified by this request.", status="ALREADY_MODIFIED")
        arrival.outcome = "replayed"
        return Reply(status=kept.http_status, body=kept.body)
