"""Fault rules: which request meets which fault, how often, and how often each has fired; kept across restarts."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import Any

from orders.sandbox.dials import DialBoard
from orders.sandbox.fault_kinds import BY_MAGIC, KINDS
from orders.sandbox.store import Store


class BadRule(ValueError):
    """The rule cannot be understood; the text says why."""


@dataclass(slots=True, kw_only=True)
class Rule:
    """One fault rule. `amount` in minor units; `times_left` None means without end.

    `path` is the start of a path under the gateway's prefix, such as /payment/status; "*" is any path. A rule without a
    path concerns captures, cancellations, refunds and new payments, not status queries and checkouts.
    """

    id: int
    fault: str
    modification_id: str | None = None
    transaction_id: str | None = None
    merchant_key: str | None = None
    path: str | None = None
    amount: int | None = None
    probability: float | None = None
    times_left: int | None = None
    seconds: float | None = None
    fired: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The request as rules see it. `attempt` counts the requests with this modification id, from 1."""

    path: str
    modifies: bool
    merchant_key: str | None
    transaction_id: str | None
    modification_id: str | None
    amount: int | None
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault that meets a request now."""

    fault: str
    seconds: float | None = None


class FaultDial:
    """All rules. Rules for one modification or transaction are found by id, so that ten thousand cost nothing."""

    def __init__(self, store: Store, dials: DialBoard) -> None:
        self._store = store
        self._dials = dials
        self._lock = threading.Lock()
        self._rules: dict[int, Rule] = {}
        self._by_id: dict[str, list[Rule]] = {}
        self._general: list[Rule] = []
        for row in store.rows("SELECT * FROM rules ORDER BY id"):
            self._file(Rule(**dict(row)))

    def strike(self, subject: Subject) -> Strike | None:
        """The fault for this request, if any: rules for its ids first, then general ones, then magic amounts."""
        with self._lock:
            for rule in self._candidates(subject):
                if _matches(rule, subject) and self._falls(rule, subject):
                    self._count(rule)
                    return Strike(fault=rule.fault, seconds=rule.seconds)
        return self._magic(subject)

    def add(self, wished: list[dict[str, Any]]) -> list[Rule]:
        """Add rules as they come over the wire. Raises BadRule, and then adds none."""
        rules = [_rule_from(one) for one in wished]
        with self._lock, self._store.transaction():
            for rule in rules:
                rule.id = self._store.run(_INSERT, _values(rule))
                self._file(rule)
        return rules

    def remove(self, filters: dict[str, str]) -> int:
        """Remove the rules that match every filter (id, fault, modificationId …); all without a filter."""
        with self._lock, self._store.transaction():
            gone = [rule for rule in self._rules.values() if _selected(rule, filters)]
            for rule in gone:
                self._forget(rule)
        return len(gone)

    def rules(self) -> list[Rule]:
        with self._lock:
            return sorted(self._rules.values(), key=lambda rule: rule.id)

    def fired(self) -> dict[str, int]:
        """How often each kind of fault has struck since the last reset, magic amounts included."""
        return {row["fault"]: row["count"] for row in self._store.rows("SELECT fault, count FROM fired")}

    def reload(self) -> None:
        """After a reset the store is empty, and so are we."""
        with self._lock:
            self._rules, self._by_id, self._general = {}, {}, []

    def _candidates(self, subject: Subject) -> list[Rule]:
        ids = (subject.modification_id, subject.transaction_id)
        by_id = [rule for one in ids if one for rule in self._by_id.get(one, ())]
        return [*by_id, *self._general]

    def _falls(self, rule: Rule, subject: Subject) -> bool:
        """The dice are a hash of seed, rule and request, so that a run with the same seed meets the same faults."""
        if rule.probability is None:
            return True
        name = subject.modification_id or subject.transaction_id or subject.path
        text = f"{self._dials.now.seed}|{rule.fault}|{name}|{subject.attempt}"
        throw = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
        return throw < rule.probability

    def _magic(self, subject: Subject) -> Strike | None:
        if not (self._dials.now.magic_amounts and subject.amount and subject.modifies and subject.attempt == 1):
            return None
        fault = BY_MAGIC.get(subject.amount % 100)
        if fault is None:
            return None
        self._store.run(_COUNT, (fault,))
        return Strike(fault=fault)

    def _count(self, rule: Rule) -> None:
        rule.fired += 1
        self._store.run(_COUNT, (rule.fault,))
        if rule.times_left is not None:
            rule.times_left -= 1
        if rule.times_left == 0:
            self._forget(rule)
        else:
            sql = "UPDATE rules SET fired = ?, times_left = ? WHERE id = ?"
            self._store.run(sql, (rule.fired, rule.times_left, rule.id))

    def _file(self, rule: Rule) -> None:
        self._rules[rule.id] = rule
        one = rule.modification_id or rule.transaction_id
        (self._general if one is None else self._by_id.setdefault(one, [])).append(rule)

    def _forget(self, rule: Rule) -> None:
        self._rules.pop(rule.id)
        one = rule.modification_id or rule.transaction_id
        (self._general if one is None else self._by_id[one]).remove(rule)
        self._store.run("DELETE FROM rules WHERE id = ?", (rule.id,))


_COLUMNS = ("fault", "modification_id", "transaction_id", "merchant_key", "path", "amount", "probability", "times_left")
_INSERT = f"INSERT INTO rules ({', '.join(_COLUMNS)}, seconds) VALUES ({', '.join('?' * (len(_COLUMNS) + 1))})"  # noqa: S608  # our own words
_COUNT = "INSERT INTO fired VALUES (?, 1) ON CONFLICT (fault) DO UPDATE SET count = count + 1"
_WIRE_NAMES = {
    "modificationId": "modification_id",
    "transactionId": "transaction_id",
    "merchantKey": "merchant_key",
    "path": "path",
    "amount": "amount",
    "probability": "probability",
    "times": "times_left",
    "seconds": "seconds",
}
_NUMBERS = {"amount": int, "times": int, "probability": float, "seconds": float}


def as_wire(rule: Rule) -> dict[str, Any]:
    named = {wire: getattr(rule, name) for wire, name in _WIRE_NAMES.items()}
    return {"id": rule.id, "fault": rule.fault, **named, "fired": rule.fired}


def _values(rule: Rule) -> tuple[Any, ...]:
    return tuple(getattr(rule, name) for name in (*_COLUMNS, "seconds"))


def _matches(rule: Rule, subject: Subject) -> bool:
    if rule.path is None:
        if not subject.modifies:
            return False
    elif rule.path != "*" and not subject.path.startswith(rule.path):
        return False
    names = ("modification_id", "transaction_id", "merchant_key", "amount")
    return all(getattr(rule, name) in (None, getattr(subject, name)) for name in names)


def _rule_from(wished: dict[str, Any]) -> Rule:
    unknown = set(wished) - set(_WIRE_NAMES) - {"fault"}
    if unknown:
        raise BadRule(f"A rule does not know {', '.join(sorted(unknown))}. Known: {', '.join(_WIRE_NAMES)}.")
    if wished.get("fault") not in KINDS:
        raise BadRule(f"There is no fault named {wished.get('fault')}. Known: {', '.join(KINDS)}.")
    rule = Rule(id=0, fault=wished["fault"])
    for wire, name in _WIRE_NAMES.items():
        if wished.get(wire) is not None:
            setattr(rule, name, _checked(wire, wished[wire]))
    if rule.times_left is None and (rule.modification_id or rule.transaction_id):
        rule.times_left = 1
    return rule


def _checked(name: str, value: Any) -> Any:
    if name not in _NUMBERS:
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise BadRule(f"{name} is a number, not negative.")
    if (name == "probability" and value > 1) or (name == "times" and value < 1):
        raise BadRule("probability is at most 1, times at least 1.")
    return _NUMBERS[name](value)


def _selected(rule: Rule, filters: dict[str, str]) -> bool:
    wire = as_wire(rule)
    return all(str(wire.get(name)) == value for name, value in filters.items())
