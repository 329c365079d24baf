"""Who calls gateway B: `Authorization: Basic` with the secret key as it is, never base64 (gateways.md B.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orders.sandbox.gateway_b.errors import Refused, unauthorized
from orders.sandbox.ledger import Ledger
from orders.sandbox.wire import Request

TEST_KEY = re.compile(r"sk_test_[0-9a-zA-Z]+")
LIVE_KEY = re.compile(r"sk_live_[0-9a-zA-Z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """`key` is the name it was introduced by, or else its secret test key. `new` on its very first request."""

    key: str
    test: bool
    new: bool = False


def merchant_of(request: Request, ledger: Ledger) -> Merchant:
    """Any well-formed test key is a merchant of its own; a live key must have been introduced. Raises Refused (401)."""
    secret = claimed_secret(request)
    if secret is None or not (TEST_KEY.fullmatch(secret) or LIVE_KEY.fullmatch(secret)):
        raise Refused(unauthorized())
    test = secret.startswith("sk_test_")
    name = ledger.merchant_of(secret)
    if name is not None:
        return Merchant(key=name, test=test)
    if not test:
        raise Refused(unauthorized())
    return Merchant(key=secret, test=True, new=meet(ledger, secret))


def merchant_named(ledger: Ledger, key: str) -> Merchant | None:
    """By the name of its introduction or its secret; a new test key is met, and gets no orders to start with."""
    name = ledger.merchant_of(key) or key
    if name in ledger.merchant_keys():
        return Merchant(key=name, test=not ledger.secret_of(name).startswith("sk_live_"))
    if not TEST_KEY.fullmatch(key):
        return None
    meet(ledger, key)
    return Merchant(key=key, test=True)


def meet(ledger: Ledger, merchant_key: str) -> bool:
    """Remember a merchant nobody introduced. True when it was unknown until now."""
    with ledger.store.transaction():
        if ledger.store.row("SELECT 1 FROM b_merchants WHERE merchant_key = ?", (merchant_key,)) is not None:
            return False
        ledger.store.run("INSERT INTO b_merchants VALUES (?)", (merchant_key,))
    return True


def claimed_secret(request: Request) -> str | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "basic" else None


def known_merchants(ledger: Ledger) -> list[str]:
    """Those introduced with a key of gateway B, and those met."""
    met = [str(row[0]) for row in ledger.store.rows("SELECT merchant_key FROM b_merchants ORDER BY merchant_key")]
    return [*ledger.merchants_with(("sk_test_", "sk_live_")), *met]
