"""What bad input gets on the action panel: the same panel, a sentence, what was typed, and no row."""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

import pytest
from django.urls import reverse

from orders.gateways.base import ACTIONS, Kind
from orders.models import Event, Modification, Transaction
from orders.modifications.refusals import INVALID_ID
from tests.factories import a_captured_transaction, a_transaction, an_order
from tests.views.asking import draw, send
from tests.views.scenes import a_modification, a_shop, logged_in

pytestmark = pytest.mark.django_db

NOT_AN_AMOUNT = "is not an amount"


def _sentences(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def _without_tokens(answer: Any) -> str:
    """A CSRF token looks different each time."""
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", _sentences(answer))


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("", "Enter an amount; nothing was sent."),
        ("   ", "Enter an amount; nothing was sent."),
        ("0", "The amount must be greater than zero."),
        ("0.00", "The amount must be greater than zero."),
        ("-1", NOT_AN_AMOUNT),
        ("+5", NOT_AN_AMOUNT),
        ("1e2", NOT_AN_AMOUNT),
        ("NaN", NOT_AN_AMOUNT),
        ("Infinity", NOT_AN_AMOUNT),
        ("12,50", NOT_AN_AMOUNT),
        ("1 000", NOT_AN_AMOUNT),
        ("0x10", NOT_AN_AMOUNT),
        ("１２.００", NOT_AN_AMOUNT),
        ("٥", NOT_AN_AMOUNT),
        ("<script>alert(1)</script>", NOT_AN_AMOUNT),
        ("12.345", "EUR has 2 decimals"),
        ("100.01", "100.01 EUR is more than the 100.00 EUR that can be refunded."),
        ("9" * 18, "The amount is larger than"),
        ("9" * 41, "at most 40 characters"),
        ("5\x00", "Null characters"),
    ],
)
@pytest.mark.parametrize("htmx", [True, False], ids=["fragment", "page"])
def test_a_bad_amount_is_refused_with_a_sentence_and_no_row(amount: str, sentence: str, htmx: bool) -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)

    answer = send(client, transaction, Kind.REFUND, draw(client, transaction) | {"amount": amount}, htmx=htmx)

    assert answer.status_code == 422
    assert sentence in _sentences(answer)
    assert "<script>alert" not in answer.content.decode()
    assert not Modification.objects.exists()


@pytest.mark.parametrize(
    ("currency", "amount", "status"),
    [
        ("JPY", "100.00", 422),
        ("JPY", "100.5", 422),
        ("JPY", "100", 303),
        ("EUR", "1", 303),
        ("EUR", "0.01", 303),
        ("KWD", "1.2345", 422),
    ],
)
def test_an_amount_has_no_more_decimals_than_its_currency(currency: str, amount: str, status: int) -> None:
    account, person = a_shop()
    order = an_order(account=account, currency=currency, amount=10_000)
    transaction = a_captured_transaction(order=order)
    client = logged_in(person)

    answer = send(client, transaction, Kind.REFUND, draw(client, transaction) | {"amount": amount})

    assert answer.status_code == status


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("description", "x" * 128, "The description has 128 characters; the gateway takes 127."),
        ("description", "a\x00b", "Null characters"),
        ("reason", "because", "because is not one of the available choices"),
        ("custom1", "x" * 256, "at most 255 characters"),
        ("modification_id", "not-a-uuid", INVALID_ID),
        ("modification_id", "", "required"),
        ("version", "", "This form is damaged"),
        ("version", "seven", "This form is damaged"),
        ("version", "-1", "This form is damaged"),
        ("version", "9" * 30, "This form is damaged"),
    ],
)
def test_a_bad_field_is_refused_and_what_was_typed_stays(field: str, value: str, sentence: str) -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)
    form = draw(client, transaction) | {"amount": "12.34", "description": "Strap returned", field: value}

    answer = send(client, transaction, Kind.REFUND, form, htmx=True)

    assert answer.status_code == 422
    assert sentence in _sentences(answer)
    assert 'value="12.34"' in answer.content.decode()
    assert not Modification.objects.exists()


def test_a_description_of_127_characters_is_taken() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)

    answer = send(client, transaction, Kind.REFUND, draw(client, transaction) | {"description": "ü" * 127})

    assert answer.status_code == 303
    assert Modification.objects.get().description == "ü" * 127


def test_an_error_is_tied_to_its_control() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)
    form = draw(client, transaction) | {"amount": "NaN", "description": "x" * 200}

    page = send(client, transaction, Kind.REFUND, form, htmx=True).content.decode()

    assert 'id="id_amount_error"' in page
    assert 'aria-describedby="id_amount_helptext id_amount_error"' in page
    assert 'id="id_description_error"' in page
    assert 'aria-describedby="id_description_helptext id_description_error"' in page
    assert page.count('aria-invalid="true"') == 2


@pytest.mark.parametrize("kind", ACTIONS)
def test_somebody_elses_transaction_does_not_exist(kind: Kind) -> None:
    account, person = a_shop()
    _, stranger = a_shop()
    transaction = a_captured_transaction(account=account)
    form = draw(logged_in(person), transaction)
    client = logged_in(stranger)

    answers = [
        client.get(reverse("orders:modification_new", args=[transaction.pk, kind])),
        client.get(reverse("orders:modification_preview", args=[transaction.pk, kind]), {"amount": "1"}),
        send(client, transaction, kind, form),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert not Modification.objects.exists()


@pytest.mark.parametrize("path", ["/transactions/999999/refunds/", f"/transactions/{10**25}/refunds/"])
def test_a_transaction_that_is_not_there_is_404(path: str) -> None:
    _, person = a_shop()
    client = logged_in(person)

    assert client.post(path, {"amount": "1"}).status_code == 404
    assert client.get(f"{path}new").status_code == 404


def test_an_id_of_another_merchant_is_refused_like_an_invalid_one() -> None:
    account, person = a_shop()
    other_account, other_person = a_shop()
    theirs = a_modification(a_captured_transaction(account=other_account), other_person)
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)

    form = draw(client, transaction)
    answer = send(client, transaction, Kind.REFUND, form | {"modification_id": str(theirs.pk)}, htmx=True)
    invalid = send(client, transaction, Kind.REFUND, form | {"modification_id": "not-a-uuid"}, htmx=True)

    assert answer.status_code == invalid.status_code == 422
    assert _without_tokens(answer).replace(str(theirs.pk), "not-a-uuid") == _without_tokens(invalid)
    assert INVALID_ID in _sentences(answer)
    assert Modification.objects.count() == 1


def test_fields_that_nobody_asked_for_change_nothing() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)
    smuggled = {"state": "succeeded", "merchant": "1", "account_id": "9", "capture": "7", "requested_by": "1"}

    answer = send(client, transaction, Kind.REFUND, draw(client, transaction) | smuggled)

    modification = Modification.objects.get()
    assert answer.status_code == 303
    assert (modification.state, modification.requested_by, modification.account) == ("queued", person, account)


@pytest.mark.parametrize("kind", ACTIONS)
def test_money_moves_by_post_only(kind: Kind) -> None:
    account, person = a_shop()
    transaction = a_transaction(account=account)
    client = logged_in(person)
    modification_id = uuid.uuid4()

    urls = [
        reverse("orders:modification_create", args=[transaction.pk, kind]),
        reverse("orders:withdrawal_create", args=[modification_id]),
        reverse("orders:question_create", args=[modification_id]),
        reverse("orders:retry_create", args=[modification_id]),
        reverse("orders:resolution_create", args=[modification_id]),
        reverse("orders:proposal_confirmation_create", args=[modification_id]),
        reverse("orders:proposal_rejection_create", args=[modification_id]),
        reverse("orders:general_resumption"),
    ]

    assert [client.get(url).status_code for url in urls] == [405] * len(urls)


def test_a_post_without_a_csrf_token_is_refused() -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    form = draw(logged_in(person), transaction)
    strict = type(logged_in(person))(enforce_csrf_checks=True)
    strict.force_login(person)

    answer = send(strict, transaction, Kind.REFUND, form)

    assert answer.status_code == 403
    assert not Modification.objects.exists()


@pytest.mark.parametrize(
    ("site", "status"), [("cross-site", 403), ("same-site", 403), ("same-origin", 303), ("none", 303), (None, 303)]
)
def test_a_click_comes_from_our_own_pages(site: str | None, status: int) -> None:
    account, person = a_shop()
    transaction = a_captured_transaction(account=account)
    client = logged_in(person)
    url = reverse("orders:modification_create", args=[transaction.pk, Kind.REFUND])

    answer = client.post(url, draw(client, transaction), headers={"Sec-Fetch-Site": site} if site else {})

    assert answer.status_code == status
    assert Modification.objects.count() == (status == 303)


def test_a_refused_attempt_stands_in_the_audit_log() -> None:
    account, person = a_shop("viewer")
    transaction = a_captured_transaction(account=account)
    form = {"amount": "5.00", "modification_id": str(uuid.uuid4()), "version": transaction.version}

    answer = send(logged_in(person), transaction, Kind.REFUND, form)

    assert answer.status_code == 422
    assert "You may not refund for this merchant." in _sentences(answer)
    refusal = Event.objects.get(refused=True)
    assert (refusal.actor, refusal.transaction, refusal.verb) == (person, transaction, "refund.refused")


@pytest.mark.parametrize("kind", [Kind.CANCEL, Kind.CANCEL_OR_REFUND])
def test_a_whole_cancel_takes_no_other_amount(kind: Kind) -> None:
    account, person = a_shop()
    transaction = a_transaction(account=account)
    client = logged_in(person)

    less = send(client, transaction, kind, draw(client, transaction, kind) | {"amount": "50.00"})
    whole = send(client, transaction, kind, draw(client, transaction, kind))

    assert less.status_code == 422
    assert "Only the full 100.00 EUR" in _sentences(less)
    assert whole.status_code == 303
    assert Transaction.objects.get().exclusive_modification == Modification.objects.get().pk
