"""A merchant who speaks to the sandbox over plain sockets, so that resets, drips and half answers can be seen."""

from __future__ import annotations

import base64
import json
import socket
import uuid
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.sandbox_process import SandboxHandle

HEADERS = {
    "Content-Type": "application/json",
    "Accept-Language": "en-US",
    "Origin": "https://dashboard.example",
    "User-Agent": "tests/1.0",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, as bytes and in parts."""

    raw: bytes

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def body(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def json(self) -> Any:
        return json.loads(self.body, parse_float=Decimal)

    def header(self, name: str) -> str | None:
        lines = self.raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        found = [value.strip() for key, _, value in (line.partition(":") for line in lines) if key == name]
        return found[0] if found else None

    @property
    def error(self) -> dict[str, Any]:
        """The first item of a shape 2 body."""
        item: dict[str, Any] = self.json["errors"][0]
        return item


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """One merchant key and its secret."""

    sandbox: SandboxHandle
    key: str = "merchant-one"
    secret: str = "secret-one"

    def order(self, **wish: Any) -> str:
        """A transaction made to order, 100.00 EUR authorized unless said otherwise. Returns its id."""
        wish = {"merchantKey": self.key, "amount": 10_000, "currencyCode": "EUR", **wish}
        made = self.sandbox.control("orders", **wish)
        return str(made["transactions"][0]["transactionId"])

    def modify(self, kind: str, transaction: str, amount: object = None, **extra: Any) -> Answer:
        """One of the four calls; `amount` goes into modifiedAmount as it is. Extra fields replace the usual ones."""
        body = self.body_of(transaction, amount, **extra)
        return self.send("POST", f"/smartpay/payment/{kind}", body)

    def body_of(self, transaction: str, amount: object = None, *, currency: str = "EUR", **extra: Any) -> bytes:
        body: dict[str, Any] = {
            "transactionId": transaction,
            "merchantKey": self.key,
            "modificationId": str(uuid.uuid4()),
        }
        if amount is not None:
            body["modifiedAmount"] = {"amount": amount, "currencyCode": currency}
        return json.dumps({**body, **extra}).encode()

    def status(self, transaction: str) -> Any:
        return self.send("GET", f"/smartpay/payment/status/{transaction}").json

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: dict[str, str | None] | None = None,
        timeout: float = 10,
    ) -> Answer:
        """Send and read to the end. A header set to None is left out. Raises ConnectionResetError, TimeoutError."""
        with self.opened(method, path, body, headers=headers, timeout=timeout) as sock:
            return Answer(read_to_end(sock))

    def opened(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        headers: dict[str, str | None] | None = None,
        timeout: float = 10,
    ) -> socket.socket:
        """The socket after the request was sent and before anything was read."""
        token = base64.b64encode(f"{self.key}:{self.secret}".encode()).decode()
        every = {**HEADERS, "Authorization": f"Basic {token}", **(headers or {})}
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in every.items() if value is not None]
        sock = socket.create_connection(("127.0.0.1", self.sandbox.port), timeout=timeout)
        sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return sock

    def books(self, transaction: str) -> dict[str, Any]:
        """The ledger's line of one transaction: minor units."""
        line: dict[str, Any] = self.sandbox.ledger(transactionId=transaction)["transactions"][0]
        return line


def read_to_end(sock: socket.socket) -> bytes:
    received = bytearray()
    while chunk := sock.recv(65_536):
        received += chunk
    return bytes(received)
