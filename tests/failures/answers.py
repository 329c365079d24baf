"""Real answers, changed on their way to the judge: another order of fields, more of them, fewer, odd amounts."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from orders.gateways import exact_json
from orders.gateways.base import Instruction, Observation, Outcome
from orders.gateways.registry import gateway_named

Twist = Callable[[bytes], bytes]
JUNK = {"amountOfTea": {"amount": "9", "deep": [1, {"status": "FAILED"}]}, "isNew": None, "Zusatz": "ü" * 50}
_MARK = "the odd amount stands here"


class Ear:
    """Sits between a gateway's answers and its judge: remembers the last one, and may twist what passes."""

    def __init__(self, gateway: str, patch: pytest.MonkeyPatch) -> None:
        self.twist: Twist | None = None
        self.heard: list[tuple[Observation, Instruction]] = []
        module: Any = gateway_named(gateway)
        self._judge: Callable[[Observation, Instruction], Outcome] = module.judge_send
        patch.setattr(module, "judge_send", self._listen)

    def judge_again(self, body: bytes) -> Outcome:
        """What the last answer would have meant with this body."""
        seen, instruction = self.heard[-1]
        return self._judge(replace(seen, body=body), instruction)

    @property
    def body(self) -> bytes:
        return self.heard[-1][0].body

    @property
    def instruction(self) -> Instruction:
        return self.heard[-1][1]

    def _listen(self, seen: Observation, instruction: Instruction) -> Outcome:
        self.heard.append((seen, instruction))
        return self._judge(replace(seen, body=self.twist(seen.body)) if self.twist else seen, instruction)


def reshuffled(seed: int) -> Twist:
    """Every object's fields in another order, with unknown ones among them."""
    dice = random.Random(seed)

    def shuffle(value: Any) -> Any:
        if isinstance(value, list):
            return [shuffle(one) for one in value]
        if not isinstance(value, dict):
            return value
        pairs = [(name, shuffle(one)) for name, one in value.items()] + list(JUNK.items())
        dice.shuffle(pairs)
        return dict(pairs)

    return lambda body: _written(shuffle(_read(body)))


def each_field_missing(body: bytes) -> Iterator[tuple[str, bytes]]:
    """(name, the answer without it) for every field, however deep."""
    for path in _paths(_read(body)):
        tree = _read(body)
        holder = tree
        for step in path[:-1]:
            holder = holder[step]
        del holder[path[-1]]
        yield ".".join(str(step) for step in path), _written(tree)


def with_amount(token: str) -> Twist:
    """Every amount of the answer, or one more where it has none, is this JSON token."""

    def put(value: Any) -> Any:
        if isinstance(value, list):
            return [put(one) for one in value]
        if isinstance(value, dict):
            return {name: _MARK if _is_amount(name, one) else put(one) for name, one in value.items()}
        return value

    def twist(body: bytes) -> bytes:
        tree = {"amount": _MARK, **put(_read(body))}
        return _written(tree).replace(f'"{_MARK}"'.encode(), token.encode())

    return twist


def _is_amount(name: str, value: Any) -> bool:
    return name == "amount" and not isinstance(value, dict | list)


def _paths(tree: Any, *before: Any) -> Iterator[tuple[Any, ...]]:
    named = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for name, value in named:
        if isinstance(tree, dict):
            yield (*before, name)
        yield from _paths(value, *before, name)


def _read(body: bytes) -> Any:
    return exact_json.read_object(body, warn=lambda _sentence: None)


def _written(tree: Any) -> bytes:
    return exact_json.write(tree)
