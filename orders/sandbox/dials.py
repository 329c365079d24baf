"""What can be turned while the sandbox runs: the clock, latency, spelling, asynchronous mode; kept across restarts."""

from __future__ import annotations

import json
import re
import time
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from orders.sandbox.store import Store

DAY_SECONDS = 86_400
SPELLINGS = ("random", "CANCELLATION", "CANCELATION")
DATE_FORMATS = ("random", "iso", "space")
OUTCOMES = ("succeed", "fail")
REPLAYS = ("on", "off")
PREPAYMENTS = ("AUTHORIZATION_PENDING", "CAPTURE_PENDING", "CAPTURED")
ENVELOPES = ("v2", "v1", "v1_bare")
RANGES = {"smarterpay_release_days": (1, 30), "settlement_anomalies": (0, 10_000)}
HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dials:
    """One reading of all dials. Seconds are seconds of the virtual clock, except latency, which is really waited."""

    asynchronous: bool = False
    async_delay_seconds: float = 2.0
    async_outcome: str = "succeed"
    replay: str = "on"
    spelling: str = "random"
    date_format: str = "random"
    latency_seconds: float = 0.0
    latency_jitter_seconds: float = 0.0
    authorization_seconds: int = 5 * DAY_SECONDS
    """Typically five days (seed 000)."""
    optional_fields: bool = True
    """False: optional fields are never left out and no unknown field is added."""
    magic_amounts: bool = True
    multi_capture: bool = False
    prepayment_status: str = "AUTHORIZATION_PENDING"
    """Gateway A: what a new prepayment or invoice is before the buyer pays; CAPTURED: the money is there at once."""
    programme_refunds: bool = False
    """Gateway A: refunds tell of a programme refund too."""
    fee_basis_points: int = 150
    settlement_anomalies: int = 0
    """Basis points of the movements about which a settlement file errs, unless the request for it says otherwise."""
    starter_orders: bool = True
    """Gateway B: a test key that nobody introduced finds a dozen orders on its first use."""
    order_authorization_seconds: int = 7 * DAY_SECONDS
    """Gateway B: seven days (gateways.md B.5)."""
    order_replay_seconds: int = 6 * 3600
    """Gateway B: how long an Idempotency-Key is remembered (gateways.md B.7)."""
    smarterpay_release_days: int = 7
    """Gateway C: days until unreleased money goes back by itself, 1 to 30 (gateways.md C.3)."""
    smarterpay_clearing_seconds: int = DAY_SECONDS
    """Gateway C: until then a taken payment can be voided, from then on refunded."""
    smarterpay_refund_before_clearing: bool = False
    smarterpay_idempotency: str = "on"
    """Gateway C: off carries out a request again although its Idempotency-Key is known (gateways.md C.4)."""
    smarterpay_webhooks: str = "v2"
    """Gateway C: the envelope; v1_bare is the older version 1 without its wrapper (gateways.md C.5)."""
    smarterpay_signature_header: str = "X-SmarterPay-Signature"
    webhook_delay_seconds: float = 0.0
    webhook_reorder_seconds: float = 0.0
    """Each webhook is held back for a random part of this, really waited, so that they overtake one another."""
    webhook_duplicates: float = 0.0
    """Probability that a webhook is sent `webhook_copies` times."""
    webhook_copies: int = 2
    webhook_lose: float = 0.0
    """Probability that a webhook is never sent."""
    webhook_bad_signature: float = 0.0
    """Probability that an attempt is signed wrongly."""
    webhook_retry_seconds: float = 0.0
    """Pause between attempts; 0 leaves each gateway its own."""
    webhook_first: bool = False
    """True: webhooks arrive before the answer to the request that caused them."""
    seed: int = 1
    clock_offset_seconds: int = 0


CHOICES = {
    "async_outcome": OUTCOMES,
    "replay": REPLAYS,
    "prepayment_status": PREPAYMENTS,
    "spelling": SPELLINGS,
    "date_format": DATE_FORMATS,
    "smarterpay_idempotency": REPLAYS,
    "smarterpay_webhooks": ENVELOPES,
}


class BadDial(ValueError):
    """No such dial, or no such position; the text says which."""


class DialBoard:
    """The dials, read from and written to the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.now = self._read()

    def turn(self, changes: dict[str, Any]) -> Dials:
        """Set dials by their names on the wire (camelCase). Raises BadDial and changes nothing when one is wrong."""
        known = {wire_name(part.name): part.name for part in fields(Dials)}
        wanted = {}
        for name, value in changes.items():
            if name not in known:
                raise BadDial(f"There is no dial named {name}. Known: {', '.join(sorted(known))}.")
            wanted[known[name]] = _checked(known[name], value)
        self.now = replace(self.now, **wanted)
        self._write()
        return self.now

    def reset(self) -> None:
        self.now = Dials()
        self._write()

    def as_wire(self) -> dict[str, Any]:
        return {wire_name(name): value for name, value in asdict(self.now).items()}

    def clock_ms(self) -> int:
        """The virtual time, in milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000 + self.now.clock_offset_seconds * 1000

    def _read(self) -> Dials:
        stored = {row["name"]: json.loads(row["value"]) for row in self._store.rows("SELECT name, value FROM dials")}
        known = {part.name for part in fields(Dials)}
        return Dials(**{name: value for name, value in stored.items() if name in known})

    def _write(self) -> None:
        values = [(name, json.dumps(value)) for name, value in asdict(self.now).items()]
        with self._store.transaction():
            self._store.run_many("INSERT OR REPLACE INTO dials (name, value) VALUES (?, ?)", values)


def wire_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _checked(name: str, value: Any) -> Any:
    example = getattr(Dials(), name)
    if name in CHOICES:
        if value not in CHOICES[name]:
            raise BadDial(f"{wire_name(name)} is one of {', '.join(CHOICES[name])}.")
        return value
    if isinstance(example, str):
        if not isinstance(value, str) or not HEADER_NAME.fullmatch(value):
            raise BadDial(f"{wire_name(name)} is the name of a header.")
        return value
    if isinstance(example, bool) != isinstance(value, bool) or isinstance(value, str | list | dict | None):
        raise BadDial(f"{wire_name(name)} is {'true or false' if isinstance(example, bool) else 'a number'}.")
    if isinstance(value, int | float) and value < 0 and name != "clock_offset_seconds":
        raise BadDial(f"{wire_name(name)} cannot be negative.")
    if name in RANGES and not RANGES[name][0] <= value <= RANGES[name][1]:
        raise BadDial(f"{wire_name(name)} is between {RANGES[name][0]} and {RANGES[name][1]}.")
    return value if isinstance(example, bool | float) else int(value)
