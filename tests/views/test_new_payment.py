"""The page of new payments: who sees it, a sentence for every limit, nothing typed is lost, one form one payment."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders.gateways import smartpay_payment_fields as known
from orders.gateways.base import TransactionState
from orders.models import GatewayAccount, Modification, Order, Transaction
from tests import factories
from tests.modifications import steps
from tests.modifications.new_payments import ask_for_payment, made
from tests.views.scenes import a_shop, logged_in

pytestmark = pytest.mark.django_db
NEW = "/payments/new"
TYPED = {
    "option": "PREPMNT",
    "amount": "50.99",
    "currency": "EUR",
    "order_reference": "ORD-1001",
    "partner_reference": "SMP-1001",
    "description": "Roof box",
    "buyer": "person",
    "consumer_first_name": "Jana",
    "consumer_last_name": "Novák",
    "consumer_email": "jana@example.com",
    "billing_address_address_line1": "Unter den Linden",
    "billing_address_number": "77",
    "billing_address_post_code": "10117",
    "billing_address_city": "Berlin",
    "billing_address_country_code": "deu",
}


def _text(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def _id_in(answer: Any) -> str:
    found = re.search(r'name="modification_id" value="([0-9a-f-]{36})"', answer.content.decode())
    assert found is not None
    return found[1]


def _form(client: Client, account: GatewayAccount, **changes: str) -> dict[str, str]:
    """A drawn form, filled in."""
    return TYPED | {"account": str(account.pk), "modification_id": _id_in(client.get(NEW)), **changes}


def _post(client: Client, form: dict[str, str]) -> Any:
    return client.post(reverse("orders:payment_create"), form)


def _errors(answer: Any) -> dict[str, str]:
    """The sentence beside each field."""
    found = re.findall(r'<p class="error" id="id_([a-z_0-9]+)_error">([^<]*)</p>', answer.content.decode())
    return {name: html.unescape(sentence) for name, sentence in found}


@pytest.fixture
def shop() -> tuple[GatewayAccount, User]:
    return a_shop()


@pytest.fixture
def account(shop: tuple[GatewayAccount, User]) -> GatewayAccount:
    return shop[0]


@pytest.fixture
def client(shop: tuple[GatewayAccount, User]) -> Client:
    return logged_in(shop[1])


def test_a_click_makes_one_payment_and_leads_to_its_page(client: Client, account: GatewayAccount) -> None:
    form = _form(client, account)

    first, second = _post(client, form), _post(client, form)

    row = Modification.objects.get()
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"] == reverse("orders:payment", args=[row.pk])
    assert (row.kind, row.amount, row.source, str(row.pk)) == ("authorize", 5099, "page", form["modification_id"])
    assert Order.objects.get().customer_name == "Jana Novák"
    assert b'"countryCode":"DEU"' in bytes(row.body)
    assert "Queued; nothing was sent yet" in _text(client.get(first.headers["Location"]))


def test_fifty_posts_of_one_form_are_one_payment(client: Client, account: GatewayAccount) -> None:
    form = _form(client, account)

    answers = {_post(client, form).status_code for _ in range(50)}

    assert answers == {303}
    assert Modification.objects.count() == Order.objects.count() == 1


def test_the_same_form_with_other_words_is_a_conflict_and_comes_back_fresh(
    client: Client, account: GatewayAccount
) -> None:
    form = _form(client, account)
    _post(client, form)

    answer = _post(client, form | {"amount": "51.00"})

    assert answer.status_code == 409
    assert "This form was already used for another payment; nothing was sent now." in _text(answer)
    assert 'value="51.00"' in _text(answer)
    assert 'value="Novák"' in _text(answer)
    assert _id_in(answer) != form["modification_id"]
    assert Modification.objects.count() == 1


def test_who_may_not_ask_gets_neither_page_nor_payment(account: GatewayAccount, client: Client) -> None:
    viewer = logged_in(factories.a_person(merchants=[account.merchant], groups=["viewer"]))
    form = _form(client, account)

    assert viewer.get(NEW).status_code == 403
    assert _post(viewer, form).status_code == 403
    assert NEW not in _text(viewer.get(reverse("orders:order_list")))
    assert NEW in _text(client.get(reverse("orders:order_list")))
    assert not Modification.objects.exists()


def test_another_merchants_account_cannot_be_chosen(client: Client, account: GatewayAccount) -> None:
    other = factories.an_account()

    answer = _post(client, _form(client, account) | {"account": str(other.pk)})

    assert answer.status_code == 422
    assert not Modification.objects.exists()


def test_another_merchants_payment_is_not_there(client: Client) -> None:
    other, stranger = a_shop()
    row = ask_for_payment(other, stranger)

    for name in ("payment", "payment_live"):
        assert client.get(reverse(f"orders:{name}", args=[row.pk])).status_code == 404
    assert "Jane" not in _text(client.get(f"{NEW}?again={row.pk}"))
    assert logged_in(stranger).get(reverse("orders:payment", args=[row.pk])).status_code == 200


def test_a_refund_has_no_payment_page(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    row = steps.asked(factories.a_transaction(account=shop[0]), by=shop[1])

    assert client.get(reverse("orders:payment", args=[row.pk])).status_code == 404


def test_without_an_account_that_can_the_page_says_why() -> None:
    merchant = factories.a_merchant()
    factories.an_account(merchant=merchant, gateway="smartpay_orders")
    agent = logged_in(factories.a_person(merchants=[merchant]))

    page = _text(agent.get(NEW))

    assert "None of your accounts makes payments from here right now" in page
    assert "Ask for the payment" not in page


def test_only_a_post_from_our_own_pages_asks(client: Client, account: GatewayAccount) -> None:
    form = _form(client, account)

    foreign = client.post(reverse("orders:payment_create"), form, headers={"Sec-Fetch-Site": "cross-site"})

    assert foreign.status_code == 403
    assert client.get(reverse("orders:payment_create")).status_code == 405
    assert not Modification.objects.exists()


LENGTHS = [
    *((field.attribute, field) for field in (*known.PAYMENT[:3], known.DESCRIPTION, *known.EXTRA_INFO)),
    *((f"consumer_{field.attribute}", field) for field in known.CONSUMER),
    *((f"billing_address_{field.attribute}", field) for field in known.ADDRESS),
    *((f"shipping_address_{field.attribute}", field) for field in known.ADDRESS),
    *((f"custom_references_{field.attribute}", field) for field in known.CUSTOM_REFERENCES),
    *((f"split_0_{field.attribute}", field) for field in known.SPLIT_DESTINATION),
    *((f"criteria_2_{field.attribute}", field) for field in known.CRITERION),
]


def test_one_character_too_many_is_said_beside_its_field_for_every_field(
    client: Client, account: GatewayAccount
) -> None:
    too_long = {name: "x" * (field.maximum + 1) for name, field in LENGTHS}

    answer = _post(client, _form(client, account, **too_long))

    errors = _errors(answer)
    assert answer.status_code == 422
    assert set(too_long) <= set(errors)
    for name, field in LENGTHS:
        assert f"SmartPay takes {field.maximum}; shorten it." in errors[name], name
    assert not Modification.objects.exists()


def test_at_the_limit_every_field_is_taken(client: Client, account: GatewayAccount) -> None:
    shaped = {"country_code", "state", "culture", "date_of_birth", "email", "partner_reference", "shop_country"}
    full = {name: "x" * field.maximum for name, field in LENGTHS if field.attribute not in shaped}
    full |= {"shipping_address_country_code": "DEU", "split_0_amount": "50.99", "partner_reference": "x" * 64}

    answer = _post(client, _form(client, account, **full))

    assert answer.status_code == 303, _errors(answer)


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("amount", "", "Enter an amount; nothing was sent."),
        ("amount", "12,5", "is not an amount"),
        ("amount", "0.00", "must be greater than zero"),
        ("amount", "1.999", "EUR has 2 decimals"),
        ("currency", "EURO", "three-letter code"),
        ("option", "VISA", "not one of the available choices"),
        ("order_reference", "o" * 65, "at most 64 characters"),
        ("partner_reference", "with space", "letters a to z, digits"),
        ("shop_country", "D1", "two-letter code"),
        ("consumer_email", "nobody", "This is not an e-mail address."),
        ("consumer_culture", "de_DE", "such as de-DE"),
        ("consumer_date_of_birth", "1899-12-31", "not before 1900-01-01"),
        ("consumer_date_of_birth", "31.01.1990", "written YYYY-MM-DD"),
        ("billing_address_country_code", "", "three capital letters"),
        ("billing_address_country_code", "DE", "three capital letters"),
        ("shipping_address_city", "Berlin", ""),
        ("split_1_amount", "60.00", "more than the payment"),
        ("split_1_destination_reference", "shop-2", ""),
        ("criteria_0_name", "redirectUrl", "SmartPay disregards"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_still_there(
    client: Client, account: GatewayAccount, field: str, typed: str, sentence: str
) -> None:
    beside = {"split_1_destination_reference": "shop-2"} if field == "split_1_amount" else {}
    beside |= {"criteria_0_value": "x"} if field == "criteria_0_name" else {}

    answer = _post(client, _form(client, account, **beside, **{field: typed}))

    where = {
        "shipping_address_city": "shipping_address_country_code",
        "split_1_destination_reference": "split_1_amount",
    }
    assert answer.status_code == 422
    assert sentence in _errors(answer)[where.get(field, field)]
    for value in ("Novák", "Jana", "Unter den Linden", "Roof box"):
        assert f'value="{value}"' in _text(answer)
    assert "Nothing was sent." in _text(answer)
    assert not Modification.objects.exists()


def test_what_is_folded_away_is_open_when_something_stands_in_it(client: Client, account: GatewayAccount) -> None:
    def opened(answer: Any) -> set[str]:
        return set(re.findall(r'<details class="fold" id="([a-z-]+)" open>', answer.content.decode()))

    assert opened(client.get(NEW)) == set()
    answer = _post(client, _form(client, account, amount="", split_0_description="Half", consumer_title="Drx."))
    assert opened(answer) == {"split"}
    assert "title" in str(_errors(answer))


def test_the_person_is_sent_or_the_company_and_never_both(client: Client, account: GatewayAccount) -> None:
    both = {"business_consumer_name": "Acme GmbH", "business_consumer_email": "pay@acme.example"}

    _post(client, _form(client, account, **both))
    _post(client, _form(client, account, **both, buyer="company", order_reference="ORD-2", partner_reference="SMP-2"))
    nobody = _post(client, _form(client, account, buyer="robot"))
    empty = _post(client, _form(client, account, buyer="company", order_reference="O-3", partner_reference="S-3"))

    person, company = (bytes(row.body) for row in Modification.objects.order_by("requested_at"))
    assert b"Jana" in person
    assert b"Acme" not in person
    assert b"Acme" in company
    assert b"Jana" not in company
    assert nobody.status_code == empty.status_code == 422
    assert "Say something of the company that pays" in _text(empty)


def test_both_references_in_use_are_said_beside_their_fields(client: Client, account: GatewayAccount) -> None:
    _post(client, _form(client, account))

    partner = _errors(_post(client, _form(client, account, order_reference="ORD-2")))
    order = _errors(_post(client, _form(client, account, partner_reference="SMP-2")))

    assert "Order ORD-1001 has the partner reference SMP-1001 already" in partner["partner_reference"]
    assert "There is an order ORD-1001 with a payment already" in order["order_reference"]


def test_more_rows_without_script_keep_everything_and_send_nothing(client: Client, account: GatewayAccount) -> None:
    form = _form(client, account, split_2_description="third", split_rows="3", criteria_rows="3")

    answer = _post(client, form | {"more_split": "yes"})
    page = _text(answer)

    assert answer.status_code == 200
    assert 'name="split_5_amount"' in page
    assert 'name="split_6_amount"' not in page
    assert 'name="criteria_2_name"' in page
    assert 'name="criteria_3_name"' not in page
    assert 'value="third"' in page
    assert 'value="Novák"' in page
    assert _id_in(answer) == form["modification_id"]
    assert not Modification.objects.exists()


@pytest.mark.parametrize("count", ["-1", "1e3", "9999999", "٣", "x", "31"])
def test_a_damaged_number_of_rows_does_no_harm(client: Client, account: GatewayAccount, count: str) -> None:
    answer = _post(client, _form(client, account, split_rows=count, more_split="yes"))

    assert answer.status_code == 200
    assert 'name="split_30_amount"' not in _text(answer)


@pytest.mark.parametrize("name", ["", "not-an-id", "0" * 36])
def test_a_damaged_id_is_refused(client: Client, account: GatewayAccount, name: str) -> None:
    answer = _post(client, _form(client, account, modification_id=name))

    assert answer.status_code == 422
    assert "This form’s id is not valid; nothing was sent." in _text(answer)


def test_the_reference_is_large_to_copy_and_print_once_the_gateway_has_given_it(
    client: Client, shop: tuple[GatewayAccount, User]
) -> None:
    row = ask_for_payment(*shop)
    url = reverse("orders:payment", args=[row.pk])
    before = _text(client.get(url))

    steps.ended(row, made())

    page, order_page = (
        _text(client.get(url)),
        _text(client.get(reverse("orders:order", args=[row.transaction.order_id]))),
    )
    assert "Payment reference for the buyer" not in before
    for text in (page, order_page):
        assert "<b>119344737107896</b>" in text
        assert 'data-copy="119344737107896"' in text
        assert "data-print" in text
        assert "€50.99" in text
        assert "Jane Doe" in text
        assert "Payable in advance" in text
    assert "Nothing is paid yet, so do not deliver on a prepayment." in page
    assert "waits for the buyer’s money" in page


def test_page_and_order_follow_until_the_money_has_come(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    row = steps.ended(ask_for_payment(*shop), made())
    urls = [reverse("orders:payment", args=[row.pk]), reverse("orders:order", args=[row.transaction.order_id])]
    polling = [re.findall(r'hx-get="(/(?:payments|orders)/[^"]*live/[^"]*)"', _text(client.get(url))) for url in urls]
    polls = [found[0].replace("&amp;", "&") for found in polling]
    quiet = [client.get(poll, headers={"HX-Request": "true"}).status_code for poll in polls]

    Transaction.objects.update(
        state=TransactionState.CAPTURED, authorized=5099, captured=5099, raw_status="CAPTURED", version=9
    )

    answers = [client.get(poll, headers={"HX-Request": "true"}) for poll in polls]
    assert quiet == [204, 204]
    assert [answer.status_code for answer in answers] == [286, 286]
    assert "Paid: €50.99 of the buyer’s money has come" in _text(answers[0])
    assert "The end is known, so this page has stopped following." in _text(answers[0])


def test_a_refusal_is_told_in_the_gateways_words_and_can_be_tried_again(
    client: Client, shop: tuple[GatewayAccount, User]
) -> None:
    form = _form(client, shop[0], split_0_destination_reference="shop-2", split_0_amount="20.00", criteria_1_name="a")
    form |= {"criteria_1_value": "b", "custom_references_custom2": "till 4", "consumer_date_of_birth": "1990-01-31"}
    _post(client, form)
    row = Modification.objects.get()
    Modification.objects.filter(pk=row.pk).update(due_at=row.requested_at)
    steps.ended(row, steps.declined("SmartPay declined it: the buyer is not known."))

    page = _text(client.get(reverse("orders:payment", args=[row.pk])))
    again = client.get(f"{NEW}?again={row.pk}")

    assert "SmartPay declined it: the buyer is not known. There is no payment and no money moved." in page
    assert f"{NEW}?again={row.pk}" in page
    for value in ("50.99", "ORD-1001", "SMP-1001", "Novák", "1990-01-31", "shop-2", "20.00", "till 4", "DEU", "b"):
        assert f'value="{value}"' in _text(again), value
    assert _id_in(again) != str(row.pk)


def test_what_may_still_come_to_something_is_not_tried_again(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    row = steps.ended(ask_for_payment(*shop), steps.unknown())

    page = _text(client.get(reverse("orders:payment", args=[row.pk])))

    assert "it is not asked for again: that could make a second one" in page
    assert "What is awaited is the gateway’s notification" in page
    assert "Enter the transactionId" in page
    assert "Try again" not in page
    assert "Jane" not in _text(client.get(f"{NEW}?again={row.pk}"))


def test_the_evidence_page_asks_two_people_for_the_transaction_id(shop: tuple[GatewayAccount, User]) -> None:
    account, agent = shop
    row = steps.ended(ask_for_payment(account, agent), steps.unknown())
    supervisor = logged_in(factories.a_person(merchants=[account.merchant], groups=["supervisor"]))

    page = _text(supervisor.get(reverse("orders:modification", args=[row.pk])))

    assert ">transactionId</label>" in page
    assert '"partnerReference": "SMP-1001"' in page
    for canary in ("Unter den Linden", "10117", "jane@example.com"):
        assert canary not in page
    assert "The payment exists at the gateway" in page
    assert "for the payment with the partner reference SMP-1001" in page


def test_an_unnamed_payment_is_not_asked_about(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    row = ask_for_payment(*shop)

    page = _text(client.get(reverse("orders:order", args=[row.transaction.order_id])))

    assert "none yet: the gateway has not named this payment" in page
    assert f"new:{row.pk}" not in page
    assert f'id="ask-{row.transaction_id}"' not in page


def test_the_pages_take_few_queries(
    client: Client, shop: tuple[GatewayAccount, User], django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        factories.an_account(merchant=shop[0].merchant)
    row = steps.ended(ask_for_payment(*shop), made())

    client.get(NEW)  # The first page of a log-in also writes the session.

    with django_assert_max_num_queries(6):
        client.get(NEW)
    with django_assert_max_num_queries(6):
        client.get(reverse("orders:payment", args=[row.pk]))
    with django_assert_max_num_queries(5):
        client.get(reverse("orders:payment_live", args=[row.pk]), headers={"HX-Request": "true"})
