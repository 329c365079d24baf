"""No field of seed 004 is forgotten, and its table tells the truth about the code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orders.gateways import base, smarterpay
from orders.gateways.seed_fields import IGNORED, SENT, STORED, SeedField
from orders.gateways.seed_fields_004 import SEED_004
from tests.gateways.card_instructions import a_card_instruction
from tests.gateways.payload_files import FOLDER, payload

SENT_IN_BODIES = [row for row in SEED_004 if row.part in ("request body", "request sample")]


def documented(part: str) -> list[str]:
    fields: dict[str, list[str]] = json.loads((FOLDER / "seed_004_fields.json").read_text())
    return fields[part]


def test_every_field_of_the_request_has_a_row_in_the_documents_order() -> None:
    assert [row.path for row in SENT_IN_BODIES] == documented("request")


def test_every_field_of_the_answer_has_a_row() -> None:
    rows = {row.path for row in SEED_004 if row.part == "answer"}

    assert rows >= set(documented("answer")) == set(payload("smarterpay_cancel_done"))


@pytest.mark.parametrize("row", SEED_004, ids=lambda row: row.path)
def test_every_row_says_where_or_why(row: SeedField) -> None:
    assert row.treatment in (SENT, STORED, IGNORED)
    assert row.kept_as if row.treatment in (SENT, STORED) else row.why


@pytest.mark.parametrize("row", SENT_IN_BODIES, ids=lambda row: row.path)
def test_a_field_called_sent_is_in_the_bytes(row: SeedField) -> None:
    instruction = a_card_instruction(description="shipped", customer_may_see=True)
    body: dict[str, Any] = json.loads(smarterpay.compose(instruction).body)

    assert row.path in body


def test_every_place_the_table_names_exists() -> None:
    named = {word.strip() for row in SEED_004 for word in row.kept_as.split(",") if "." in word}

    assert len(named) > 15
    for owner, _, attribute in (word.partition(".") for word in named):
        known = getattr(base, owner)
        assert attribute in (getattr(known, "__dataclass_fields__", None) or known.__members__)
