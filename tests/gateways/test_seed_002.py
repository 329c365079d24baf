"""No field of seed 002 is forgotten, its limits are the code's, and its table tells the truth about the code."""

from __future__ import annotations

import json
from typing import Any

import pytest

from orders.gateways import base, smartpay_payment_fields, smartpay_payments
from orders.gateways.base import Observation
from orders.gateways.seed_fields import IGNORED, SENT, STORED, SeedField
from orders.gateways.seed_fields_002 import SEED_002
from orders.gateways.smartpay_payment_fields import TextField
from orders.gateways.smartpay_payment_writing import payment_request
from orders.gateways.smartpay_payments import (
    Address,
    BusinessConsumer,
    Consumer,
    Criterion,
    NewPayment,
    SplitDestination,
)
from orders.gateways.smartpay_reading import read_answer, stated_problem
from orders.money import Money
from tests.gateways.instructions import MODIFICATION
from tests.gateways.new_payments import a_payment
from tests.gateways.payload_files import FOLDER, payload, payload_bytes
from tests.gateways.test_seed_coverage import found_at

SEED: dict[str, list[list[str]]] = json.loads((FOLDER / "seed_002_fields.json").read_text())
"""Names and longest texts in the document's order."""


def rows(part: str) -> list[SeedField]:
    return [row for row in SEED_002 if row.part == part]


def every(kind: type[Any], **said: Any) -> Any:
    """One of these with every text said."""
    return kind(**{**dict.fromkeys(kind.__dataclass_fields__, "x"), **said})


def whole(**buyer: Any) -> NewPayment:
    """A payment with everything said that can be said beside this buyer."""
    return a_payment(
        **{"consumer": None, **buyer},
        billing_address=every(Address, country_code="DEU"),
        shipping_address=every(Address, country_code="USA"),
        split=(SplitDestination(destination_reference="two", amount=Money(1, "EUR"), description="part"),),
        target_merchant_account_reference="sub",
        criteria=(Criterion(name="n", value="v"),),
        custom_references={"custom1": "a", "custom2": "b", "custom3": "c"},
        customer_account_id="c",
        product_group="p",
        customer_group="g",
        shop_country="DE",
    )


PERSON = every(Consumer, culture="en-de", date_of_birth="1980-12-31", email="jane@example.com")
COMPANY = every(BusinessConsumer, culture="en-de", country_code="DE", email="acme@example.com")


def test_every_field_has_a_row_in_the_documents_order() -> None:
    written = [row.name for row in SEED_002]

    assert written[: len(SEED["request"])] == [name for name, _maximum in SEED["request"]]
    assert [row.name for row in rows("answer")] == [name for name, _maximum in SEED["answer"]]
    assert sorted(row.name for row in rows("error answer")) == sorted(name for name, _maximum in SEED["errors"])
    assert len({(row.part, row.path) for row in SEED_002}) == len(SEED_002)


def test_the_limits_of_the_code_are_those_of_the_seed() -> None:
    tables = smartpay_payment_fields
    by_holder: dict[str, tuple[TextField, ...]] = {
        "": (*tables.PAYMENT, tables.DESCRIPTION),
        "paymentSplit.paymentSplitDestinations": tables.SPLIT_DESTINATION,
        "shippingAddress": tables.ADDRESS,
        "billingAddress": tables.ADDRESS,
        "businessConsumer": tables.BUSINESS_CONSUMER,
        "consumer": tables.CONSUMER,
        "criteria": tables.CRITERION,
        "customReferences": tables.CUSTOM_REFERENCES,
        "extraInfo": tables.EXTRA_INFO,
        "payment": (tables.DESCRIPTION,),
    }
    checked = 0
    for row, (name, maximum) in zip(SEED_002, SEED["request"], strict=False):
        if maximum and name != "currencyCode":
            found = [field.maximum for field in by_holder[row.path.rpartition(".")[0]] if field.wire == name]
            assert found == [int(maximum)], row.path
            checked += 1

    assert checked == 50


@pytest.mark.parametrize("row", SEED_002, ids=lambda row: f"{row.part} {row.path}")
def test_every_row_says_where_or_why(row: SeedField) -> None:
    assert row.treatment in (SENT, STORED, IGNORED)
    assert row.kept_as if row.treatment in (SENT, STORED) else row.why


@pytest.mark.parametrize("row", rows("request body"), ids=lambda row: row.path)
def test_a_field_called_sent_is_in_the_bytes(row: SeedField) -> None:
    is_company = row.path.startswith("businessConsumer")
    payment = whole(business_consumer=COMPANY) if is_company else whole(consumer=PERSON)
    body = json.loads(payment_request(payment, merchant_key="m", modification_id=MODIFICATION).body)

    assert found_at(body, row.path) is not None


def test_nothing_else_is_sent() -> None:
    for payment in (whole(business_consumer=COMPANY), whole(consumer=PERSON)):
        body = json.loads(payment_request(payment, merchant_key="m", modification_id=MODIFICATION).body)

        assert paths_of(body) - {row.path for row in SEED_002} == {"merchantKey"}


@pytest.mark.parametrize(
    "row",
    [row for row in [*rows("example"), *rows("answer")] if "statusHistory." not in row.path],
    ids=lambda row: row.path,
)
def test_a_field_called_stored_is_in_what_is_stored(row: SeedField) -> None:
    example = "seed_002_prepayment_example" if row.path == "modificationId" else "seed_002_schema_example"

    assert found_at(read_answer(payload_bytes(example)).raw, row.path) is not None


@pytest.mark.parametrize("example", ["seed_002_schema_example", "seed_002_prepayment_example"])
def test_no_field_of_the_examples_is_without_a_row(example: str) -> None:
    assert paths_of(payload(example)) <= {row.path for row in SEED_002}


@pytest.mark.parametrize("example", ["error_processing", "error_validation", "error_500_without_code"])
def test_what_an_error_says_is_read(example: str) -> None:
    problem = stated_problem(Observation(sent=True, status=400, body=payload_bytes(example)))

    assert problem.stated
    assert paths_of(payload(example)) <= {row.path for row in rows("error answer")} | {
        "errors.context.minimum",
        "errors.context.maximum",
    }


def test_every_place_the_table_names_exists() -> None:
    named = {word.strip() for row in SEED_002 for word in row.kept_as.split(",") if "." in word}

    assert len(named) > 60
    for owner, _, attribute in (word.partition(".") for word in named):
        known = getattr(smartpay_payments, owner, None) or getattr(base, owner)
        assert attribute in (getattr(known, "__dataclass_fields__", None) or known.__members__)


def paths_of(tree: Any, under: str = "") -> set[str]:
    """Dotted paths of all fields, the items of a list under the list's own name."""
    if isinstance(tree, list):
        return set().union(*(paths_of(item, under) for item in tree))
    if not isinstance(tree, dict):
        return set()
    paths = {f"{under}{name}" for name in tree}
    return paths.union(*(paths_of(part, f"{under}{name}.") for name, part in tree.items()))
