"""How gateway B signs a webhook: HMAC-SHA256 over timestamp, a point and the body, keyed by a base 62 secret (B.8)."""

from __future__ import annotations

import hashlib
import hmac

from orders.sandbox.gateway_b.records import BASE62, random_base62

SECRET_LENGTH = 40
KEY_BYTES = 30
_DIGITS = {digit: value for value, digit in enumerate(BASE62)}


def new_secret() -> str:
    return random_base62(SECRET_LENGTH)


def key_of(secret: str) -> bytes:
    """The secret as one big number in base 62, in 30 bytes. Raises ValueError for one that is none."""
    number = 0
    for digit in secret:
        if digit not in _DIGITS:
            raise ValueError("A signing secret has only letters and digits.")
        number = number * len(BASE62) + _DIGITS[digit]
    try:
        return number.to_bytes(KEY_BYTES, "big")
    except OverflowError:
        raise ValueError(f"A signing secret stands for at most {KEY_BYTES} bytes.") from None


def sign(secret: str, *, timestamp_ms: int, body: bytes) -> str:
    """Hexadecimal, lower case."""
    return hmac.new(key_of(secret), f"{timestamp_ms}.".encode() + body, hashlib.sha256).hexdigest()
