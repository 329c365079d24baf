"""No field of the seeds is forgotten, the page is the code's, and the table tells the truth about the code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from orders.gateways import base, smartpay
from orders.gateways.base import Kind
from orders.gateways.seed_coverage import coverage_page
from orders.gateways.seed_fields import SEED_000, SEED_001, SENT, STORED, SeedField
from orders.gateways.smartpay_reading import read_answer
from tests.gateways.instructions import an_instruction
from tests.gateways.payload_files import FOLDER, payload_bytes

PAGE = Path(__file__).parents[2] / "docs" / "gateways" / "seed-coverage.md"


def test_every_field_of_seed_001_has_a_row_in_the_documents_order() -> None:
    documented = [name for name, _type, _required in json.loads((FOLDER / "seed_001_fields.json").read_text())]

    assert [row.name for row in SEED_001] == documented
    assert len({(row.part, row.path) for row in SEED_001}) == len(SEED_001) == 80


def test_the_committed_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == coverage_page()


@pytest.mark.parametrize("row", [*SEED_000, *SEED_001], ids=lambda row: row.path)
def test_every_row_says_where_or_why(row: SeedField) -> None:
    assert row.kept_as if row.treatment in (SENT, STORED) else row.why


@pytest.mark.parametrize("row", [row for row in SEED_001 if row.part == "request body"], ids=lambda row: row.path)
def test_a_field_called_sent_is_in_the_bytes(row: SeedField) -> None:
    request = smartpay.compose(
        an_instruction(kind=Kind.REFUND, description="returned", custom_references={"custom1": "order"})
    )

    assert found_at(json.loads(request.body), row.path) is not None


@pytest.mark.parametrize("row", [row for row in SEED_001 if row.part == "answer"], ids=lambda row: row.path)
def test_a_field_called_stored_is_in_what_is_stored(row: SeedField) -> None:
    body = payload_bytes(
        "seed_002_schema_example",
        modification__statusHistory=[
            {
                "error": "e",
                "status": "s",
                "statusDate": "d",
                "modificationAmount": {
                    "amount": 1, "currencyCode": "EUR", "description": "d", "option": "VISA",
                    "storedPaymentOptionReference": "r",
                },
            }
        ],
    )  # fmt: skip

    assert found_at(read_answer(body).raw, row.path) is not None


def test_every_place_the_table_names_exists() -> None:
    named = {word.strip() for row in [*SEED_000, *SEED_001] for word in row.kept_as.split(",") if "." in word}

    assert len(named) > 20
    for owner, _, attribute in (word.partition(".") for word in named):
        known = getattr(base, owner)
        assert attribute in (getattr(known, "__dataclass_fields__", None) or known.__members__)


def test_the_command_prints_the_page_and_checks_it(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("seed_coverage")
    printed = capsys.readouterr().out

    call_command("seed_coverage", "--check")

    assert printed == coverage_page()
    assert "up to date" in capsys.readouterr().out


def test_the_command_fails_when_the_page_is_old(
    settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.BASE_DIR = tmp_path

    with pytest.raises(SystemExit) as ended:
        call_command("seed_coverage", "--check")

    assert ended.value.code == 1
    assert "Write it anew" in capsys.readouterr().err


def found_at(tree: Any, path: str) -> Any:
    for step in path.split("."):
        place = tree[0] if isinstance(tree, list) else tree
        tree = place.get(step)
    return tree
