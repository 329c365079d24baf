"""The door of gateway B: one request in, one reply out; faults strike here and idempotency is kept here."""

from __future__ import annotations

from orders.sandbox import json_text, spoiling
from orders.sandbox.doorway import StillRunning, Turns, digest, wait_for_latency, wait_if
from orders.sandbox.fault_kinds import KINDS, Stage
from orders.sandbox.faults import FaultDial, Strike, Subject
from orders.sandbox.gateway_b import misconduct, replays, routes, shopper, starter
from orders.sandbox.gateway_b.acting import Cause
from orders.sandbox.gateway_b.calls import Call
from orders.sandbox.gateway_b.errors import Refused, error, say
from orders.sandbox.gateway_b.merchants import merchant_of
from orders.sandbox.gateway_b.passing_time import catch_up_all
from orders.sandbox.gateway_b.subject import subject_of
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Arrival
from orders.sandbox.wire import Reply, Request

PREFIX = "/smartpay-orders"
VERSION = "/v1"
WITH_KEY = frozenset({"POST", "PUT", "PATCH"})
KEY_LIMIT = 255


class Door:
    """Gateway B. One object for all threads; what it remembers between requests is in the ledger."""

    def __init__(self, ledger: Ledger, faults: FaultDial) -> None:
        self._ledger = ledger
        self._faults = faults
        self._turns = Turns()

    def respond(self, request: Request) -> Reply:
        """The whole life of a request: fault before, answer, fault after. Always leaves a line in the request log."""
        wait_for_latency(self._ledger.dials.now)
        path = request.path.removeprefix(PREFIX).removeprefix(VERSION)
        subject = subject_of(request, path, self._ledger)
        arrival = Arrival(method=request.method, path=request.path, body_sha256=digest(request.body))
        arrival.merchant_key, arrival.modification_id = subject.merchant_key, subject.modification_id
        arrival.transaction_id = subject.transaction_id
        strike = self._faults.strike(subject)
        arrival.fault = strike.fault if strike else None
        prevented = spoiling.reply_before(strike, path, say=say) if strike else None
        if prevented is not None:
            arrival.outcome = "not_executed"
            self._ledger.log(arrival, prevented.status_seen)
            return prevented
        reply = self._answered(request, subject, arrival, strike)
        wait_if("slow_after", strike)
        return reply

    def _answered(self, request: Request, subject: Subject, arrival: Arrival, strike: Strike | None) -> Reply:
        try:
            catch_up_all(self._ledger)
            hooked = shopper.respond(self._ledger, request, subject.path)
            if hooked is None:
                return self._routed(request, subject, arrival, strike)
            arrival.outcome, reply = "shopper", hooked
        except Refused as refusal:
            reply = spoiling.spoilt(refusal.reply, strike, say=say)
        except StillRunning:
            arrival.outcome, reply = "still_running", say(409)
        self._ledger.log(arrival, reply.status_seen)
        return reply

    def _routed(self, request: Request, subject: Subject, arrival: Arrival, strike: Strike | None) -> Reply:
        merchant = merchant_of(request, self._ledger)
        if merchant.new:
            starter.give(self._ledger, merchant)
        found = routes.route(request.method, subject.path)
        if found is None or not request.path.startswith(PREFIX + VERSION):
            raise Refused(error(404, "not-found", f"There is no {request.method} {request.path}."))
        handler, id_ = found
        cause = Cause(origin="api", modification_id=arrival.modification_id, request_sha256=arrival.body_sha256)
        fault = strike.fault if strike else None
        call = Call(ledger=self._ledger, merchant=merchant, request=request, id=id_, cause=cause, fault=fault)
        key = request.headers.get("idempotency-key") if request.method in WITH_KEY else None
        if key is None:
            return self._carried_out(call, handler, subject, arrival, strike)
        if len(key) > KEY_LIMIT:
            raise Refused(error(400, "request.invalid", f"An Idempotency-Key has at most {KEY_LIMIT} characters."))
        with self._turns.alone(merchant.key, key):
            return self._carried_out(call, handler, subject, arrival, strike, key=key)

    def _carried_out(
        self,
        call: Call,
        handler: routes.Handler,
        subject: Subject,
        arrival: Arrival,
        strike: Strike | None,
        *,
        key: str | None = None,
    ) -> Reply:
        """Books, kept answer and line in the log become true together."""
        wait_if("slow", strike)
        with self._ledger.store.transaction():
            reply = replays.known(call, key, arrival) if key else None
            if reply is None:
                reply = self._run(call, handler, subject, arrival)
                if key:
                    replays.keep(call, key, arrival, reply)
            reply = spoiling.spoilt(reply, strike, say=say)
            self._ledger.log(arrival, reply.status_seen)
        return reply

    def _run(self, call: Call, handler: routes.Handler, subject: Subject, arrival: Arrival) -> Reply:
        """Raises Refused for what is not kept and changes nothing then."""
        try:
            refused = misconduct.refusal(call.fault, subject.path) if subject.modifies else None
            if refused is not None:
                raise Refused(refused, kept=True)
            body = handler(call)
        except Refused as refusal:
            if not refusal.kept:
                raise
            arrival.outcome = "refused"
            return refusal.reply
        arrival.outcome = "read" if call.request.method == "GET" else "executed"
        if body is None:
            return Reply(status=204)
        if call.fault and KINDS[call.fault].stage is Stage.ANSWER:
            misconduct.distort(body, call.fault)
        return Reply(body=json_text.write(body))
