"""Every page of the back office opens, in few queries, and the books cannot be changed through it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.models import (
    Attempt,
    Capture,
    Event,
    EventSeal,
    Evidence,
    ExternalMovement,
    Heartbeat,
    Modification,
    Order,
    Proposal,
    SettlementFilePart,
    SettlementLine,
    SettlementTerms,
    Transaction,
)
from tests.factories import a_person, an_account
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_match, a_profile

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo")]
BOOKS: list[type[Model]] = [
    *(Order, Transaction, Capture, Modification, Attempt, Evidence),
    *(ExternalMovement, Event, EventSeal, Proposal, Heartbeat),
]
QUERIES_OF_A_LIST = 9


def url(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def fingerprint(model: type[Model]) -> str:
    rows = model._default_manager.order_by("pk").values_list()
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


def test_every_list_and_every_row_opens(office: Client) -> None:
    for model in admin.site._registry:
        row = model._default_manager.first()

        assert office.get(url(model, "changelist")).status_code == 200, model
        if row is not None:
            assert office.get(url(model, "change", row.pk)).status_code == 200, model
            assert office.get(url(model, "history", row.pk)).status_code == 200, model
    assert office.get(reverse("admin:index")).status_code == 200


def test_every_book_is_in_the_back_office_and_has_a_row_in_this_test() -> None:
    for model in BOOKS:
        assert model in admin.site._registry
        assert model._default_manager.exists(), model


@pytest.mark.parametrize("model", BOOKS, ids=lambda model: model.__name__)
def test_a_list_asks_as_often_for_many_rows_as_for_few(office: Client, model: type[Model]) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        office.get(url(model, "changelist"))

    assert len(asked) <= QUERIES_OF_A_LIST, [one["sql"][:120] for one in asked]


@pytest.mark.parametrize("model", BOOKS, ids=lambda model: model.__name__)
def test_no_post_changes_the_books(office: Client, model: type[Model]) -> None:
    row = model._default_manager.order_by("pk").first()
    assert row is not None
    before = fingerprint(model)
    everything = {field.name: "1" for field in model._meta.concrete_fields}
    delete = {"action": "delete_selected", "_selected_action": str(row.pk), "post": "yes"}

    answers = [
        office.post(url(model, "add"), everything),
        office.post(url(model, "change", row.pk), everything),
        office.post(url(model, "delete", row.pk), {"post": "yes"}),
        office.post(url(model, "changelist"), delete),
    ]

    assert [answer.status_code for answer in answers[:3]] == [403, 403, 403]
    assert fingerprint(model) == before


def test_a_search_finds_by_any_reference(office: Client) -> None:
    modification = Modification.objects.filter(state="succeeded").select_related("transaction__order").first()
    assert modification is not None
    order = modification.transaction.order

    for model in (Order, Transaction, Modification, Attempt, Event):
        page = office.get(url(model, "changelist"), {"q": modification.gateway_id})
        assert page.context["cl"].result_count >= 1, model
    found = office.get(url(Order, "changelist"), {"q": order.customer_email}).context["cl"].queryset
    assert list(found) == [order]


def test_hostile_searches_are_answered(office: Client) -> None:
    for term in ("%", "_", "\0", "😀", "'; DROP TABLE x", "x" * 5_000):
        assert office.get(url(Order, "changelist"), {"q": term}).status_code == 200


def test_no_page_shows_a_merchant_key_or_a_stored_secret(office: Client) -> None:
    from orders.models import GatewayAccount

    keys = list(GatewayAccount.objects.values_list("merchant_key", "authentication_key_sealed"))
    secrets = [account.authentication_key for account in GatewayAccount.objects.all()]

    for model in (GatewayAccount, Modification, Attempt, Event):
        for row in model._default_manager.all()[:30]:
            page = office.get(url(model, "change", row.pk)).content.decode()
            for merchant_key, sealed in keys:
                assert merchant_key not in page
                assert sealed not in page
            assert not any(secret in page for secret in secrets)


def test_staff_see_the_rows_of_their_merchants_only() -> None:
    otto = a_person("otto2", merchants=[Order.objects.filter(reference__startswith="KK")[0].merchant], is_staff=True)
    client = Client()
    client.force_login(otto)
    foreign = Order.objects.filter(reference__startswith="NO")[0]

    listed = client.get(url(Order, "changelist")).context["cl"].queryset

    assert {order.reference[:2] for order in listed} == {"KK"}
    assert client.get(url(Order, "change", foreign.pk)).status_code == 302
    assert client.get(url(Event, "changelist")).status_code == 403


def test_people_who_are_no_staff_and_strangers_are_sent_to_the_log_in_page() -> None:
    client = Client()
    answer = client.get(reverse("admin:index"))
    assert answer.status_code == 302
    assert answer["Location"].startswith(("/login/", "/admin/login/"))

    client.force_login(a_person("plain"))
    assert client.get(reverse("admin:index")).status_code in (302, 403)


def test_the_books_of_the_reconciliation_open_and_cannot_be_changed(office: Client) -> None:
    match = a_match(a_line(a_file(), reference="rec-1"))
    rows: list[Model] = [
        *(match, match.line, match.line.file, match.run, a_profile()),
        SettlementTerms.objects.create(account=an_account()),
        SettlementFilePart.objects.create(file=match.line.file, number=0, content=b"unseen bytes"),
        a_discrepancy(line=match.line),
    ]

    for row in rows:
        shown = office.get(url(type(row), "change", row.pk))
        assert shown.status_code == 200, row
        assert "unseen bytes" not in shown.content.decode()
        assert office.get(url(type(row), "changelist")).status_code == 200, row
        for page, args in (("add", []), ("change", [row.pk]), ("delete", [row.pk])):
            assert office.post(url(type(row), page, *args), {"post": "yes"}).status_code == 403, row


def test_lists_of_millions_are_counted_no_further_than_people_leaf(
    office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.admin.reconciliation.COUNTED_TO", 2)
    for _ in range(3):
        a_line()

    assert office.get(url(SettlementLine, "changelist")).context["cl"].result_count == 2
