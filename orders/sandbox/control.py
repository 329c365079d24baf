"""The control doors under /_control and the auditors' doors: JSON in, JSON out, no authentication, loopback only.

Amounts are integers in minor units, or texts in major units ("49.99"). A refusal is a 400 with a sentence in `error`.

    GET    /_health
    GET    /_settlement                date, gateway, merchantKey, style, anomalies, seed, kinds: settlement/door.py
    GET    /_settlement/truth          from, to instead of date: what is wrong with those files; for tests alone
    GET    /_ledger                    filters gateway, transactionId, modificationId, since
    POST   /_control/merchants         merchantKey, authenticationKey, multiCapture (true: several captures at A)
    POST   /_control/orders            one order or {"orders": [...]}; fields in given_orders.KNOWN
    GET    /_control/faults            the rules, and how often each kind has fired
    POST   /_control/faults            one rule or {"rules": [...]}: fault, then any of modificationId, transactionId,
                                       merchantKey, path, amount, probability, times, seconds
    DELETE /_control/faults            all, or those matching the query (id, fault, modificationId, ...)
    GET    /_control/fault-kinds       every fault with its magic cents
    GET    /_control/mode              every dial; POST turns those that are named; /_control/dials is the same door
    POST   /_control/clock             offsetSeconds
    POST   /_control/portal            transactionId, action (capture, cancel, refund, cancelOrRefund), amount
    POST   /_control/settle            transactionId
    POST   /_control/chargeback        transactionId, amount
    POST   /_control/expire            transactionId: an authorization, or the time to pay, ends now
    POST   /_control/shopper           transactionId, action (pay): the buyer of a prepayment or an invoice pays
    GET    /_control/webhook           where webhooks go
    POST   /_control/webhook           gateway, merchantKey, url (null: nowhere), secret; at gateway B an endpoint
    GET    /_control/deliveries        filters id, gateway, merchantKey, state (waiting, acknowledged, given_up, lost)
    POST   /_control/deliveries/resend id
    POST   /_control/smartpay-orders/orders   one or {"orders": [...]} at gateway B; fields in its given_orders.KNOWN
    POST   /_control/smartpay-orders/portal   transactionId, action (capture, cancel, refund, expire), amount, paymentId
    POST   /_control/smartpay-orders/shopper  transactionId, decision (approve, decline, soft_decline)
    POST   /_control/smarterpay/payments   one or {"payments": [...]} at gateway C; fields in given_payments.KNOWN
    POST   /_control/smarterpay/portal     paymentId, action (release, cancel, void, refund, expire), amount
    POST   /_control/smarterpay/shopper    paymentId, decision (pay, decline)
    GET    /_control/smarterpay/warnings   what careless clients of gateway C sent; filter paymentId
    GET    /_control/redirect-hits     requests of clients that followed a redirect
    POST   /_control/never-release     gateway, transactionIds: these authorizations no longer end by themselves
    POST   /_control/reset             everything but the merchants
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable
from typing import Any

from orders.sandbox import audit, deliveries, json_text
from orders.sandbox.amounts import BadAmount, minor_from_control
from orders.sandbox.deliveries import Destination
from orders.sandbox.dials import BadDial
from orders.sandbox.fault_kinds import KINDS, Kind
from orders.sandbox.faults import BadRule, FaultDial, as_wire
from orders.sandbox.gateway_a import given_orders, portal
from orders.sandbox.gateway_a.errors import Refused
from orders.sandbox.gateway_a.passing_time import catch_up_all
from orders.sandbox.gateway_b import control as smartpay_orders
from orders.sandbox.gateway_b.books import GATEWAY as SMARTPAY_ORDERS
from orders.sandbox.gateway_b.books import lines as smartpay_orders_books
from orders.sandbox.gateway_b.errors import Refused as RefusedByB
from orders.sandbox.gateway_b.passing_time import catch_up_all as catch_up_smartpay_orders
from orders.sandbox.gateway_c import control as smarterpay
from orders.sandbox.gateway_c.ledger_lines import books_of as smarterpay_books
from orders.sandbox.gateway_c.passing_time import catch_up_all as catch_up_smarterpay
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Execution
from orders.sandbox.settlement import door as settlement
from orders.sandbox.wire import Reply, Request

Answer = dict[str, Any]


CATCH_UPS: tuple[Callable[[Ledger], None], ...] = (catch_up_all, catch_up_smartpay_orders, catch_up_smarterpay)
"""What brings each gateway's books to the present; one line for each gateway."""
BOOKS: dict[str, audit.Books] = {
    "smartpay": audit.smartpay_books,
    SMARTPAY_ORDERS: smartpay_orders_books,
    "smarterpay": smarterpay_books,
}
"""Whose transactions and executions the ledger page shows; one line for each gateway."""


class Unusable(ValueError):
    """The call cannot be understood; the text says why. Nothing changed."""


REFUSALS = (
    *(Unusable, BadAmount, BadDial, BadRule, given_orders.BadOrder, portal.Impossible, settlement.BadSettlement),
    *smartpay_orders.REFUSALS,
    *smarterpay.REFUSALS,
)


class Control:
    """Everything a test, a demo or an auditor may ask of the sandbox."""

    def __init__(self, ledger: Ledger, faults: FaultDial) -> None:
        self._ledger = ledger
        self._faults = faults
        self._lock = threading.Lock()
        self._redirect_hits: list[Answer] = []
        self._doors: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/_health"): lambda _request: {"status": "ok", "clock": audit.iso(ledger.dials.clock_ms())},
            ("GET", "/_ledger"): self._read_ledger,
            ("GET", "/_settlement/truth"): self._settlement_truth,
            ("GET", "/_control/merchants"): lambda _request: {"merchants": ledger.merchant_keys()},
            ("POST", "/_control/merchants"): self._add_merchant,
            ("POST", "/_control/orders"): self._make_orders,
            ("GET", "/_control/faults"): lambda _request: self._fault_list(),
            ("POST", "/_control/faults"): self._add_faults,
            ("GET", "/_control/fault-kinds"): lambda _request: {
                "kinds": [_kind_facts(kind) for kind in KINDS.values()]
            },
            ("DELETE", "/_control/faults"): lambda request: {"removed": faults.remove(request.query)},
            ("GET", "/_control/mode"): lambda _request: ledger.dials.as_wire(),
            ("POST", "/_control/mode"): self._turn_dials,
            ("POST", "/_control/clock"): self._set_clock,
            ("POST", "/_control/portal"): self._act_in_portal,
            ("POST", "/_control/settle"): self._settle,
            ("POST", "/_control/chargeback"): self._charge_back,
            ("POST", "/_control/expire"): self._expire,
            ("POST", "/_control/shopper"): self._act_as_shopper,
            ("GET", "/_control/dials"): lambda _request: ledger.dials.as_wire(),
            ("POST", "/_control/dials"): self._turn_dials,
            ("GET", "/_control/webhook"): lambda _request: self._webhooks(),
            ("POST", "/_control/webhook"): self._direct_webhook,
            ("GET", "/_control/deliveries"): lambda request: {
                "deliveries": deliveries.listed(ledger.store, request.query)
            },
            ("POST", "/_control/deliveries/resend"): self._resend,
            ("GET", "/_control/redirect-hits"): lambda _request: self._redirects(),
            ("POST", "/_control/smartpay-orders/orders"): lambda request: smartpay_orders.make_orders(
                ledger, _list(request, "orders")
            ),
            ("POST", "/_control/smartpay-orders/portal"): lambda request: smartpay_orders.act_in_portal(
                ledger, _object(request)
            ),
            ("POST", "/_control/smartpay-orders/shopper"): lambda request: smartpay_orders.decide_as_shopper(
                ledger, _object(request)
            ),
            ("POST", "/_control/smarterpay/payments"): lambda request: smarterpay.make_payments(
                ledger, _list(request, "payments")
            ),
            ("POST", "/_control/smarterpay/portal"): lambda request: smarterpay.act_in_portal(ledger, _object(request)),
            ("POST", "/_control/smarterpay/shopper"): lambda request: smarterpay.decide_as_shopper(
                ledger, _object(request)
            ),
            ("GET", "/_control/smarterpay/warnings"): lambda request: smarterpay.warnings(ledger, request.query),
            ("POST", "/_control/never-release"): lambda request: settlement.never_release(ledger, _object(request)),
            ("POST", "/_control/reset"): self._reset,
        }

    def respond(self, request: Request) -> Reply:
        """Any refusal is a 400 with one sentence in `error`."""
        if request.path == "/_settlement" and request.method == "GET":
            return self._settlement(request)
        door = self._doors.get((request.method, request.path))
        if door is None:
            return _json({"error": f"There is no {request.method} {request.path}."}, status=404)
        try:
            return _json(door(request))
        except REFUSALS as error:
            return _json({"error": str(error)}, status=400)
        except (Refused, RefusedByB) as refusal:
            return refusal.reply
        except sqlite3.IntegrityError as error:
            return _json({"error": f"The books refuse it: {error}. Nothing changed."}, status=400)
        except ValueError as error:
            return _json({"error": f"A value cannot be read: {error}"}, status=400)

    def count_redirect(self, request: Request) -> Reply:
        """The place redirects lead to; a client that follows one shows itself here."""
        hit = {
            "method": request.method,
            "path": request.path,
            "withCredentials": "authorization" in request.headers,
            "bodyBytes": len(request.body),
        }
        with self._lock:
            self._redirect_hits.append(hit)
        return _json({"error": "A client of this gateway must not follow redirects."}, status=418)

    def _read_ledger(self, request: Request) -> Answer:
        self._catch_up()
        return audit.ledger_page(self._ledger, request.query, BOOKS)

    def _settlement(self, request: Request) -> Reply:
        self._catch_up()
        try:
            content, content_type, name = settlement.file_of(self._ledger, request.query)
        except settlement.NoFile as none:
            return _json({"error": str(none)}, status=404)
        except ValueError as error:
            return _json({"error": str(error)}, status=400)
        disposition = ("Content-Disposition", f'attachment; filename="{name}"')
        return Reply(body=content, content_type=content_type, headers=(disposition,))

    def _settlement_truth(self, request: Request) -> Answer:
        self._catch_up()
        return settlement.truth_of(self._ledger, request.query)

    def _add_merchant(self, request: Request) -> Answer:
        body = _object(request)
        key, secret = str(body.get("merchantKey", "")), str(body.get("authenticationKey", ""))
        if not key or len(key) > 36 or ":" in key or not secret:
            raise Unusable("merchantKey has 1 to 36 characters and no colon; authenticationKey is not empty.")
        several = body.get("multiCapture")
        if several not in (None, True, False):
            raise Unusable("multiCapture is true or false.")
        self._ledger.add_merchant(key, secret)
        if several is not None:
            self._ledger.set_several_captures(key, several)
        return {"merchantKey": key}

    def _make_orders(self, request: Request) -> Answer:
        made = given_orders.make(self._ledger, _list(request, "orders"))
        return {"transactions": [audit.transaction_line(transaction) for transaction in made]}

    def _add_faults(self, request: Request) -> Answer:
        wished = [{name: _plain(value) for name, value in rule.items()} for rule in _list(request, "rules")]
        return {"rules": [as_wire(rule) for rule in self._faults.add(wished)]}

    def _fault_list(self) -> Answer:
        return {"rules": [as_wire(rule) for rule in self._faults.rules()], "fired": self._faults.fired()}

    def _turn_dials(self, request: Request) -> Answer:
        self._ledger.dials.turn(_object(request))
        return self._ledger.dials.as_wire()

    def _set_clock(self, request: Request) -> Answer:
        self._ledger.dials.turn({"clockOffsetSeconds": _object(request).get("offsetSeconds")})
        self._catch_up()
        return {"clock": audit.iso(self._ledger.dials.clock_ms())}

    def _act_in_portal(self, request: Request) -> Answer:
        body = _object(request)
        action = str(body.get("action", ""))
        transaction_id = str(body.get("transactionId", ""))
        done = portal.act(
            self._ledger, transaction_id=transaction_id, action=action, amount=self._amount(body, transaction_id)
        )
        return _execution_facts(done)

    def _settle(self, request: Request) -> Answer:
        return _execution_facts(portal.settle(self._ledger, transaction_id=str(_object(request).get("transactionId"))))

    def _charge_back(self, request: Request) -> Answer:
        body = _object(request)
        transaction_id = str(body.get("transactionId", ""))
        amount = self._amount(body, transaction_id)
        return _execution_facts(portal.charge_back(self._ledger, transaction_id=transaction_id, amount=amount))

    def _expire(self, request: Request) -> Answer:
        expired = portal.expire(self._ledger, transaction_id=str(_object(request).get("transactionId")))
        return audit.transaction_line(expired)

    def _act_as_shopper(self, request: Request) -> Answer:
        body = _object(request)
        if body.get("action", "pay") != "pay":
            raise Unusable("The shopper can pay; action is pay.")
        return _execution_facts(portal.pay(self._ledger, transaction_id=str(body.get("transactionId"))))

    def _amount(self, body: Answer, transaction_id: str) -> int | None:
        if body.get("amount") is None:
            return None
        transaction = self._ledger.transaction(transaction_id)
        amount = minor_from_control(body["amount"], transaction.currency if transaction else "EUR")
        if amount <= 0:
            raise Unusable("An amount is more than zero.")
        return amount

    def _catch_up(self) -> None:
        for catch_up in CATCH_UPS:
            catch_up(self._ledger)

    def _webhooks(self) -> Answer:
        rows = self._ledger.store.rows("SELECT gateway, merchant_key, url FROM webhooks ORDER BY gateway, merchant_key")
        return {"webhooks": [dict(zip(("gateway", "merchantKey", "url"), row, strict=True)) for row in rows]}

    def _direct_webhook(self, request: Request) -> Answer:
        """As the vendor's support or portal sets it."""
        body = _object(request)
        gateway, merchant_key, url = body.get("gateway"), str(body.get("merchantKey", "")), body.get("url")
        if gateway not in BOOKS or not merchant_key:
            raise Unusable(f"gateway is one of {', '.join(BOOKS)}; merchantKey is not empty.")
        secret = str(body.get("secret") or "")
        if gateway == SMARTPAY_ORDERS:
            return smartpay_orders.direct_webhook(self._ledger, merchant_key=merchant_key, url=url, secret=secret)
        destination = None if url is None else Destination(url=str(url), secret=secret)
        self._ledger.deliveries.direct(gateway, merchant_key, destination)
        return {"gateway": gateway, "merchantKey": merchant_key, "url": url}

    def _resend(self, request: Request) -> Answer:
        wanted = _object(request).get("id")
        if not isinstance(wanted, int) or not self._ledger.deliveries.resend(wanted):
            raise Unusable(f"There is no delivery {wanted}.")
        return {"id": wanted}

    def _redirects(self) -> Answer:
        with self._lock:
            return {"count": len(self._redirect_hits), "hits": list(self._redirect_hits)}

    def _reset(self, _request: Request) -> Answer:
        """Merchants stay; transactions, requests, faults and dials go."""
        self._ledger.store.empty()
        self._faults.reload()
        self._ledger.dials.reset()
        with self._lock:
            self._redirect_hits.clear()
        return {"status": "empty"}


def _kind_facts(kind: Kind) -> Answer:
    return {"fault": kind.name, "magicCents": kind.magic, "ledger": kind.stage.value, "does": kind.does}


def _execution_facts(execution: Execution) -> Answer:
    return {
        "modificationId": execution.modification_id,
        "transactionId": execution.transaction_id,
        "type": execution.type,
        "amount": execution.amount,
        "currency": execution.currency,
        "status": execution.status,
        "reconciliationReferenceId": execution.reference,
    }


def _object(request: Request) -> Answer:
    body = json_text.read(request.body) if request.body else {}
    if not isinstance(body, dict):
        raise Unusable("Send a JSON object.")
    return {name: _plain(value) for name, value in body.items()}


def _list(request: Request, name: str) -> list[Answer]:
    """A list, an object with the list under `name`, or one object."""
    body = json_text.read(request.body)
    if isinstance(body, dict):
        body = body.get(name, [body])
    if not isinstance(body, list) or not all(isinstance(one, dict) for one in body):
        raise Unusable(f"Send a JSON object, a list of them, or {{{name}: [...]}}.")
    return body


def _plain(value: Any) -> Any:
    """A dial's number may have a fraction; amounts may not, and minor_from_control refuses a float."""
    return float(value) if hasattr(value, "as_tuple") else value


def _json(body: Answer, *, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(body).encode())
