"""Chance that remembers: everything drawn depends on the seed, on what it is drawn for, and on nothing else."""

from __future__ import annotations

import hashlib
import string
import uuid

BASE62 = string.digits + string.ascii_letters
UPPER = string.digits + string.ascii_uppercase


class Draw:
    """The chances of one thing, `key`, under one seed. The same name is always answered alike."""

    def __init__(self, seed: int, key: str) -> None:
        self._start = f"{seed}|{key}|"

    def number(self, name: str, below: int) -> int:
        """From 0 to below - 1."""
        return int.from_bytes(self._digest(name)) % below

    def between(self, name: str, lowest: int, highest: int) -> int:
        """Both ends included."""
        return lowest + self.number(name, highest - lowest + 1)

    def reference(self, name: str) -> str:
        return self._text(name, BASE62, 22)

    def gateway_id(self, name: str, *, gateway: str, type: str) -> str:
        """An id as this gateway makes them, of nothing that it ever made."""
        if gateway == "smartpay":
            return str(uuid.UUID(bytes=self._digest(name)[:16], version=4))
        if gateway == "smarterpay":
            return "P01" + self._text(name, UPPER, 16)
        return f"{'payment' if type == 'CAPTURE' else 'refund'}_test_{self._text(name, BASE62, 22)}"

    def transaction_id(self, name: str, *, gateway: str) -> str:
        if gateway == "smartpay_orders":
            return f"order_test_{self._text(name, BASE62, 22)}"
        return self.gateway_id(name, gateway=gateway, type="")

    def _text(self, name: str, characters: str, length: int) -> str:
        rest, text = int.from_bytes(self._digest(name)), ""
        for _ in range(length):
            rest, digit = divmod(rest, len(characters))
            text += characters[digit]
        return text

    def _digest(self, name: str) -> bytes:
        return hashlib.blake2b((self._start + name).encode(), digest_size=32).digest()
