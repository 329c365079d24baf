"""The table of what gateways can do is whole, and nothing but it decides: no rule and no page asks a gateway's name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from orders.gateways.base import Capability, Kind
from orders.gateways.capability_words import SAID, TITLES, hints_for
from orders.gateways.registry import GATEWAYS
from orders.presenters.capabilities import value_text
from tests.modifications.situations import a_capability

FIELDS = set(Capability.__dataclass_fields__)
DECIDING = ("modifications", "presenters", "views", "admin", "mirror", "management", "forms.py", "templatetags")
NAMES = {*GATEWAYS, *(gateway.title for gateway in GATEWAYS.values())}


def test_every_property_has_a_title() -> None:
    assert set(TITLES) == FIELDS


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_every_property_of_every_gateway_has_a_statement_and_its_place(gateway: str) -> None:
    assert set(SAID[gateway]) == FIELDS
    for field, said in SAID[gateway].items():
        assert said.sentence.endswith("."), field
        assert said.place.startswith(("seed 00", "A.", "B.", "C.")), field


def test_no_statement_is_about_a_gateway_that_does_not_exist() -> None:
    assert set(SAID) == set(GATEWAYS)


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_every_value_is_said_in_words(gateway: str) -> None:
    capability = GATEWAYS[gateway].capability({})

    for field in FIELDS:
        assert value_text(capability, field).strip(), field


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("replay_window_seconds", 19_800, "330 min"),
        ("replay_window_seconds", 72_000, "20 h"),
        ("void_seconds", 86_400, "1 day"),
        ("deadline_seconds", 90, "90 s"),
        ("quarantine_seconds", 0, "not at all"),
        ("authorization_days", 7, "7 days"),
        ("instalments", 3, "3 monthly parts"),
        ("currencies", frozenset(), "any"),
        ("kinds", frozenset({Kind.REFUND, Kind.CAPTURE}), "capture, refund"),
        ("never_resent", frozenset(), "none"),
        ("partial_refund", True, "yes"),
        ("query_key", "", "none"),
    ],
)
def test_a_value_is_said_exactly(field: str, value: object, text: str) -> None:
    assert value_text(a_capability(**{field: value}), field) == text


def test_the_hints_of_the_instalment_vendor_stand_at_its_refund_and_nobody_elses() -> None:
    hints = " ".join(hints_for("smartpay_orders", Kind.REFUND))

    for demand in ("no cash", "no exchange", "store credit", "last payment backwards", "Only you can start"):
        assert demand in hints
    assert hints_for("smartpay", Kind.REFUND) == ()
    assert hints_for("a gateway to come", Kind.REFUND) == ()


def test_no_rule_and_no_page_compares_a_gateways_name() -> None:
    found = [f"{path}:{line}" for path in _deciding() for line in _comparisons(path)]

    assert found == []


def test_the_search_for_comparisons_finds_one(tmp_path: Path) -> None:
    guilty = tmp_path / "guilty.py"
    guilty.write_text('def late(account):\n    return account.gateway == "smarterpay" or account.gateway in {"x"}\n')

    assert list(_comparisons(guilty)) == [2, 2]


def _deciding() -> Iterator[Path]:
    for name in DECIDING:
        place = Path(settings.BASE_DIR) / "orders" / name
        yield from sorted(place.rglob("*.py")) if place.is_dir() else [place]


def _comparisons(path: Path) -> Iterator[int]:
    """Lines that compare with a gateway's name, or compare an attribute called `gateway` with any text."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Compare):
            texts = [
                one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
            ]
            of_gateway = any(isinstance(one, ast.Attribute) and one.attr == "gateway" for one in ast.walk(node))
            if NAMES & set(texts) or (of_gateway and texts):
                yield node.lineno
