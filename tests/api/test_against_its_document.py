"""Schemathesis asks what the document allows, and much that it does not: no 500, no answer it does not describe."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from pytest_django import Settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from orders.api.document import document
from orders.gateways.base import Kind
from tests import factories
from tests.api.shop import Shop, a_shop
from tests.examples import examples
from tests.modifications.asking import ask
from tests.modifications.other_accounts import in_yen
from tests.modifications.planning import asked_back

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    missing_required_header,
    unsupported_method,
]
# A batch answers 200 and says for each row what is wrong with it.
JUDGES_EACH_ROW = "/api/v1/orders/batch"

schema = schemathesis.openapi.from_dict(document())
schema.app = get_wsgi_application()
schema.config.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """As Django's own test client: the end of a request does not close the test's database transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def shop(settings: Settings) -> Shop:
    settings.API_REQUESTS_PER_MINUTE = 10**9
    return a_shop()


@pytest.fixture
def known(shop: Shop) -> dict[str, Any]:
    """Ids that lead to something."""
    transaction = in_yen(
        3_000, 3_000, account=factories.an_account(merchant=shop.account.merchant, gateway="smartpay_orders")
    )
    person = factories.a_person(merchants=[shop.account.merchant])
    return {
        "account": transaction.account.name,
        "reference": transaction.order.reference,
        "order_id": transaction.order_id,
        "transaction_id": transaction.pk,
        "plan_id": str(asked_back(transaction, 5_000, by=person).pk),
        "modification_id": str(ask(transaction, Kind.CAPTURE, 1, by=person).pk),
    }


@pytest.mark.parametrize("leading", ["somewhere", "anywhere"])
@schema.parametrize()
@settings(
    max_examples=examples(5),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_described(
    case: schemathesis.Case[Any], shop: Shop, known: dict[str, Any], leading: str
) -> None:
    if leading == "somewhere" and case.path_parameters:
        case.path_parameters = {name: known.get(name, value) for name, value in case.path_parameters.items()}
    # A wrong id that was replaced by a right one is wrong no more.
    must_refuse = leading == "anywhere" and case.path != JUDGES_EACH_ROW
    checks = [*CHECKS, negative_data_rejection] if must_refuse else CHECKS

    case.call_and_validate(headers={"Authorization": f"Bearer {shop.made.plain}"}, checks=checks)
