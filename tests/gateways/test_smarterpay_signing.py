"""Who may tell us something: a webhook of gateway C is believed only with a signature over its raw bytes."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any

import pytest

from orders.gateways import smarterpay
from orders.gateways.base import Delivery, Opened, Rejected
from tests.gateways.payload_files import payload_bytes

SECRET = "webhook-secret-1"
OLDER = "webhook-secret-0"
BODY = payload_bytes("smarterpay_webhook_v2")
RECEIVED_AT = datetime(2026, 3, 1, 10, 0, 6, tzinfo=UTC)


def signature(body: bytes = BODY, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def opened(
    body: bytes = BODY,
    *,
    signed_as: str | None = None,
    secrets: tuple[str, ...] = (SECRET, OLDER),
    **options: Any,
) -> Opened:
    headers = {} if signed_as is None else {"x-smarterpay-signature": signed_as}
    return smarterpay.open_delivery(Delivery(headers=headers, body=body, received_at=RECEIVED_AT), secrets, options)


def test_a_signature_made_by_another_tool_is_taken() -> None:
    # printf '{}' | openssl dgst -sha256 -hmac key
    known = "a777724d943eb48dc69bca8a4a6d57a04db3f9ec7e1de4e581e860265bdf3032"

    assert opened(b"{}", signed_as=known, secrets=("key",)).signed


@pytest.mark.parametrize("secret", [SECRET, OLDER])
def test_the_secret_before_counts_as_long_as_it_is_given(secret: str) -> None:
    assert opened(signed_as=signature(secret=secret)).signed


def test_a_secret_that_is_no_longer_given_counts_no_more() -> None:
    with pytest.raises(Rejected):
        opened(signed_as=signature(secret=OLDER), secrets=(SECRET,))


@pytest.mark.parametrize("spelling", [str.upper, lambda text: f" {text} "])
def test_a_signature_is_read_in_any_case(spelling: Any) -> None:
    assert opened(signed_as=spelling(signature())).signed


@pytest.mark.parametrize(
    ("signed_as", "body"),
    [
        (None, BODY),
        ("", BODY),
        ("0" * 64, BODY),
        (signature()[:-1], BODY),
        (signature(), BODY.replace(b"2500", b"9500")),
        (signature(), BODY + b" "),
        (signature(secret="another account's"), BODY),
        (signature(secret=""), BODY),
        ("ü" * 64, BODY),
        (SECRET, BODY),
        (signature(b"not json"), b"also not json"),
    ],
)
def test_everything_else_is_refused_with_498(signed_as: str | None, body: bytes) -> None:
    with pytest.raises(Rejected, match="Nothing in it was believed") as refused:
        opened(body, signed_as=signed_as)

    assert refused.value.status == 498
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_without_a_secret_nobody_is_believed_not_even_with_the_empty_one(secrets: tuple[str, ...]) -> None:
    with pytest.raises(Rejected, match="no webhook secret") as refused:
        opened(signed_as=signature(secret=""), secrets=secrets)

    assert refused.value.status == 498


def test_the_header_is_the_accounts() -> None:
    with pytest.raises(Rejected, match="no signature in X-Hook-Mac"):
        smarterpay.open_delivery(delivery_with("x-smarterpay-signature"), [SECRET], {"header": "X-Hook-Mac"})
    assert smarterpay.open_delivery(delivery_with("x-hook-mac"), [SECRET], {"header": "X-Hook-Mac"}).signed


def delivery_with(header: str) -> Delivery:
    return Delivery(headers={header: signature()}, body=BODY, received_at=RECEIVED_AT)


def test_an_account_without_a_scheme_gets_hints() -> None:
    hint = opened(scheme="none")

    assert not hint.signed
    assert len(hint.events) == 1
    assert not opened(scheme="none", signed_as=signature()).signed


@pytest.mark.parametrize("scheme", ["hmac-md5", "NONE", "None ", 7])
def test_an_unknown_scheme_believes_nobody(scheme: Any) -> None:
    with pytest.raises(Rejected, match="is not known; there are hmac-sha256-hex, none") as refused:
        opened(signed_as=signature(), scheme=scheme)

    assert refused.value.status == 498


def test_what_is_signed_but_cannot_be_read_is_refused_as_such() -> None:
    for body in (b"", b"not json", b"[]", b'{"events": {}}', b'{"events": 7}'):
        with pytest.raises(Rejected, match="nothing in it was used") as refused:
            opened(body, signed_as=signature(body))
        assert refused.value.status == 400
