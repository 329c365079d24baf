"""Whether a webhook was signed with a key of the account: HMAC-SHA256 over raw bytes, compared in constant time."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable


def is_signed(message: bytes, signature: str, *, keys: Iterable[bytes]) -> bool:
    """Whether the hexadecimal `signature` was made with one of the keys. Every key is tried, so time tells nothing."""
    given = signature.strip().lower().encode("utf-8", "replace")
    matches = [hmac.compare_digest(_signature(message, key), given) for key in keys]
    return any(matches)


def _signature(message: bytes, key: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).hexdigest().encode()
