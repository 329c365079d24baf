"""Gateway B's objects as its documents show them, small changes to them, and a server that answers by path."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from orders.gateways.base import Instruction, Kind
from orders.money import Money
from tests.gateways.instructions import MODIFICATION, an_instruction
from tests.gateways.raw_server import RawServer, answering, raw_server

ORDER, PAYMENT, REFUND = "order_test_RiYq2rthzRHrkKVGeucSwn", "payment_test_35LxgmF5KM22XKG38BjpJg", "refund_test_9Kq2"
CREATED, UPDATED, EXPIRES = 1_653_028_523_000, 1_653_029_000_000, 1_653_633_323_000


class _Gone:
    """Stands for a field that is left out; its name is the same in every process, so that test ids are."""

    def __repr__(self) -> str:
        return "GONE"


GONE: Any = _Gone()
"""The value that takes a field away."""


def an_order_instruction(**changes: Any) -> Instruction:
    """Say what matters, the rest is a refund of 200 JPY."""
    usual: dict[str, Any] = {
        "kind": Kind.REFUND,
        "transaction_reference": ORDER,
        "capture_reference": PAYMENT,
        "amount": Money(200, "JPY"),
    }
    return an_instruction(**{**usual, **changes})


def an_order(**changes: Any) -> dict[str, Any]:
    """1000 JPY, authorized, nothing captured."""
    usual = {
        "id": ORDER,
        "object": "order",
        "test": True,
        "amount": 1000,
        "currency": "JPY",
        "status": "requires_capture",
        "createdAt": CREATED,
        "updatedAt": UPDATED,
        "expiresAt": EXPIRES,
        "reference": "shop-1001",
        "description": None,
        "discountAmount": 0,
        "lineItems": [],
        "payments": [],
        "metadata": {},
        "tokenId": None,
    }
    return _changed(usual, changes)


def a_payment(**changes: Any) -> dict[str, Any]:
    """A capture of 200 JPY that is ours, nothing of it refunded."""
    usual = {
        "id": PAYMENT,
        "object": "payment",
        "test": True,
        "createdAt": UPDATED,
        "updatedAt": UPDATED,
        "amount": 200,
        "currency": "JPY",
        "order": ORDER,
        "reference": MODIFICATION,
        "status": "processed",
        "refunds": [],
        "metadata": {},
    }
    return _changed(usual, changes)


def a_refund(**changes: Any) -> dict[str, Any]:
    """200 JPY given back that is ours."""
    usual = {
        "id": REFUND,
        "object": "refund",
        "test": True,
        "createdAt": UPDATED,
        "updatedAt": UPDATED,
        "amount": 200,
        "currency": "JPY",
        "payment": PAYMENT,
        "reason": "requested_by_customer",
        "reference": MODIFICATION,
        "status": "succeeded",
        "metadata": {},
    }
    return _changed(usual, changes)


def an_error(status: int, code: str, message: str = "It cannot be done.") -> bytes:
    return encoded({"statusCode": status, "errorCode": code, "message": message, "details": []})


NO_KEY = b'{"statusCode":401,"scheme":"Basic","realm":"Smartpay"}'


def encoded(tree: Mapping[str, Any]) -> bytes:
    return json.dumps(tree).encode()


@contextlib.contextmanager
def order_gateway(answers: Mapping[str, Mapping[str, Any] | tuple[str, bytes]]) -> Iterator[RawServer]:
    """Answers each path with its object, or with a status line and bytes; what it does not know is a 404 of B's."""
    heard: list[RawServer] = []

    def behave(connection: Any) -> None:
        path = heard[0].requests[-1].split(b" ")[1].decode()
        answer = answers.get(path, ("404 Not Found", an_error(404, "order.not-found")))
        status, body = answer if isinstance(answer, tuple) else ("200 OK", encoded(answer))
        answering(body, status=status)(connection)

    with raw_server(behave) as server:
        heard.append(server)
        yield server


def paths_asked(server: RawServer) -> list[str]:
    return [request.split(b" ")[1].decode() for request in server.requests]


def _changed(usual: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**usual, **changes}.items() if value is not GONE}
