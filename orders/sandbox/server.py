"""The listening socket: one thread per connection, each request led to its door."""

from __future__ import annotations

import contextlib
import functools
import socket
import sys
import threading
import traceback
from pathlib import Path

from orders.sandbox.control import CATCH_UPS, Control
from orders.sandbox.deliveries import Deliveries
from orders.sandbox.dials import DialBoard
from orders.sandbox.faults import FaultDial
from orders.sandbox.gateway_a import notifications as smartpay_events
from orders.sandbox.gateway_a.door import PREFIX as GATEWAY_A
from orders.sandbox.gateway_a.door import Door as GatewayADoor
from orders.sandbox.gateway_b import events as smartpay_orders_events
from orders.sandbox.gateway_b.books import GATEWAY as SMARTPAY_ORDERS
from orders.sandbox.gateway_b.door import PREFIX as GATEWAY_B
from orders.sandbox.gateway_b.door import Door as GatewayBDoor
from orders.sandbox.gateway_b.sessions import CHECKOUT_PREFIX as CHECKOUT_PREFIX_B
from orders.sandbox.gateway_c import events as smarterpay_events
from orders.sandbox.gateway_c.door import PREFIX as GATEWAY_C
from orders.sandbox.gateway_c.door import Door as GatewayCDoor
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages.checkout import CHECKOUT_PREFIX
from orders.sandbox.pages.routes import Pages
from orders.sandbox.passing_time import PassingTime
from orders.sandbox.spoiling import REDIRECT_PREFIX
from orders.sandbox.store import Store
from orders.sandbox.wire import BadRequest, Connection, Reply, Request

BACKLOG = 1024
THREAD_STACK_BYTES = 512 * 1024
"""Thousands of connections may hang at the same time, so their threads must be small."""
LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Sandbox:
    """All doors over one ledger. `host` is what was bound; a Host header must name it or loopback."""

    def __init__(self, folder: Path, *, host: str) -> None:
        self._store = Store(folder)
        dials = DialBoard(self._store)
        self._deliveries = Deliveries(self._store, dials)
        self.ledger = Ledger(self._store, dials, self._deliveries)
        faults = FaultDial(self._store, dials)
        self._gateway_a = GatewayADoor(self.ledger, faults)
        self._deliveries.teach(smartpay_events.GATEWAY, smartpay_events.manner(self._deliveries))
        self._gateway_b = GatewayBDoor(self.ledger, faults)
        self._deliveries.teach(SMARTPAY_ORDERS, smartpay_orders_events.manner(self.ledger))
        self._gateway_c = GatewayCDoor(self.ledger, faults)
        self._deliveries.teach(smarterpay_events.NAME, smarterpay_events.manner(self._deliveries, dials))
        self._control = Control(self.ledger, faults)
        self._pages = Pages(self.ledger, faults)
        self._hosts = None if host in ("0.0.0.0", "::") else LOOPBACK_NAMES | {host}  # noqa: S104
        self._time = PassingTime([functools.partial(catch_up, self.ledger) for catch_up in CATCH_UPS])

    def start(self) -> None:
        """From now on webhooks leave, and what becomes due is done."""
        self._deliveries.start()
        self._time.start()

    def respond(self, request: Request) -> Reply:
        reply = self._routed(request)
        self._deliveries.send_first()
        return reply

    def close(self) -> None:
        self._time.stop()
        self._deliveries.stop()
        self._store.close()

    def _routed(self, request: Request) -> Reply:
        path = request.path
        if path.startswith(GATEWAY_A + "/") and not path.startswith(CHECKOUT_PREFIX):
            return self._gateway_a.respond(request)
        if path.startswith(GATEWAY_B + "/") and not path.startswith(CHECKOUT_PREFIX_B):
            return self._gateway_b.respond(request)
        if path.startswith(GATEWAY_C + "/"):
            return self._gateway_c.respond(request)
        if path.startswith(REDIRECT_PREFIX):
            return self._control.count_redirect(request)
        if not self._is_for_us(request):
            return Reply(status=403, body=b"Open the sandbox by its own address.", content_type="text/plain")
        if path.startswith("/_") and not path.startswith("/_static/"):
            return self._control.respond(request)
        return self._pages.respond(request)

    def _is_for_us(self, request: Request) -> bool:
        """A foreign web page must not drive the control doors: neither by its own host name nor across sites."""
        host = request.headers.get("host", "").rsplit(":", 1)[0] if request.headers.get("host") else "127.0.0.1"
        if self._hosts is not None and host not in self._hosts:
            return False
        return request.headers.get("sec-fetch-site", "none") != "cross-site" or request.method == "GET"


class Server:
    """Listens on `address` and serves until stopped."""

    def __init__(self, sandbox: Sandbox, *, host: str, port: int) -> None:
        self._sandbox = sandbox
        threading.stack_size(THREAD_STACK_BYTES)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
        self.port = int(self._listener.getsockname()[1])

    def serve(self) -> None:
        """Accept until the listener is closed."""
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._converse, args=(sock,), daemon=True).start()

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _converse(self, sock: socket.socket) -> None:
        connection = Connection(sock)
        try:
            while (request := connection.read()) is not None:
                keep = request.headers.get("connection", "").lower() != "close"
                if not connection.deliver(self._reply_to(request), keep=keep):
                    return
        except BadRequest as error:
            with contextlib.suppress(OSError):
                connection.deliver(Reply(status=400, body=str(error).encode(), content_type="text/plain"), keep=False)
        except OSError:
            return  # The client left or took too long; nobody is there to be told.
        finally:
            connection.close()

    def _reply_to(self, request: Request) -> Reply:
        try:
            return self._sandbox.respond(request)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return Reply(status=500, body=b"The sandbox itself failed; see its log.", content_type="text/plain")
