"""Who sent gateway C's webhook: one scheme per account, as the vendor publishes neither algorithm nor header (C.5).

A new scheme is a function and a line in SCHEMES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orders.gateways.base import Delivery, Rejected
from orders.gateways.signatures import is_signed
from orders.gateways.smarterpay_words import TITLE

BAD_SIGNATURE = 498
"""The vendor's own status for a webhook that is not believed (C.5)."""
USUAL_SCHEME = "hmac-sha256-hex"
UNSIGNED_SCHEME = "none"
USUAL_HEADER = "X-SmarterPay-Signature"

Scheme = Callable[[bytes, str, Sequence[str]], bool]
"""Takes the raw body, the header's value and the secrets; says whether one of them signed it."""


def check_sender(delivery: Delivery, secrets: Sequence[str], options: Mapping[str, Any]) -> bool:
    """True when the sender is proved, False when the account asks for no proof. Raises Rejected (498).

    `options`: {"scheme": "hmac-sha256-hex" or "none", "header": the signature's header}.
    """
    name = str(options.get("scheme") or USUAL_SCHEME)
    if name == UNSIGNED_SCHEME:
        return False
    if name not in SCHEMES:
        raise _rejected(f"The account's webhook scheme “{name}” is not known; there are {', '.join(scheme_names())}")
    if not any(secrets):
        raise _rejected(f"The account has no webhook secret, so nobody can prove to be {TITLE}")
    header = str(options.get("header") or USUAL_HEADER)
    signature = delivery.headers.get(header.lower(), "")
    if not signature:
        raise _rejected(f"The webhook has no signature in {header}")
    if not SCHEMES[name](delivery.body, signature, [secret for secret in secrets if secret]):
        raise _rejected("The signature of the webhook was made with another secret, or its body was changed")
    return True


def scheme_names() -> list[str]:
    """What an account may name as its scheme, the usual one first."""
    return [*SCHEMES, UNSIGNED_SCHEME]


def _hmac_sha256_hex(body: bytes, signature: str, secrets: Sequence[str]) -> bool:
    return is_signed(body, signature, keys=[secret.encode() for secret in secrets])


SCHEMES: dict[str, Scheme] = {USUAL_SCHEME: _hmac_sha256_hex}


def _rejected(what: str) -> Rejected:
    return Rejected(f"{what}. Nothing in it was believed.", status=BAD_SIGNATURE)
