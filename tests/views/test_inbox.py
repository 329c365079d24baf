"""The inbox page: what came, by state and account, page by page; for the people of its merchant only."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.database import database_now
from orders.models import Event, GatewayAccount, InboxDelivery, InboxRejection, InboxState, Order
from tests import factories
from tests.factories import a_person, an_account
from tests.inbox.letters import an_account_at_c, from_c, payment_event, post, work_off
from tests.views.pages import href_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_transaction_but_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.database._is_transaction_open", lambda: False)


@pytest.fixture
def shop() -> GatewayAccount:
    return an_account_at_c()


def somebody(account: GatewayAccount, *groups: str) -> Client:
    return logged_in(a_person(merchants=[account.merchant], groups=groups or ("viewer",)))


def a_delivery(account: GatewayAccount, key: str, state: InboxState = InboxState.DONE, **fields: Any) -> InboxDelivery:
    now = database_now()
    values = {"signed": True, "headers": {}, "body": b"{}", "due_at": now if state is InboxState.WAITING else None}
    return InboxDelivery.objects.create(
        merchant_id=account.merchant_id,
        account=account,
        key=key,
        state=state,
        received_at=now,
        last_received_at=now,
        **{**values, **fields},
    )


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


def test_what_came_what_it_matched_and_what_it_changed_stand_there(shop: GatewayAccount) -> None:
    begun = payment_event("DeferredEcommerce", payment_id="P-1", amount=5_000, custom_reference="SHOP-1")
    post(shop, from_c(begun))
    work_off()
    client = somebody(shop)

    listed = text_of(client, "/inbox/")
    delivery = InboxDelivery.objects.get()
    page = text_of(client, reverse("orders:inbox_delivery", args=[delivery.pk]))

    assert all(words in listed for words in ("payment.update", shop.name, "signed", "P-1", "50.00 EUR is authorized"))
    assert "DeferredEcommerce of 50.00 EUR" in page
    assert reverse("orders:order", args=[Order.objects.get().pk]) in page
    assert "Its sender is proved" in page


def test_several_events_about_one_payment_lead_there_once_and_what_matters_is_told(shop: GatewayAccount) -> None:
    begun = payment_event("DeferredEcommerce", payment_id="P-1", amount=5_000, custom_reference="SHOP-1")
    taken = payment_event("DeferredRelease", payment_id="P-2", related="P-1", amount=5_000)
    post(shop, from_c({"event_id": "card", "event_type": "card_payment.create", "id": "card-1"}, begun, taken))
    work_off()
    client = somebody(shop)

    listed = text_of(client, "/inbox/")
    page = text_of(client, reverse("orders:inbox_delivery", args=[InboxDelivery.objects.get().pk]))

    assert listed.count(">P-1<") == 1
    assert "50.00 EUR is authorized" in listed
    assert "50.00 EUR was captured at the gateway." in page
    assert "is about no payment" not in listed
    assert page.count("is about no payment, so nothing is done.") == 1


def test_a_body_is_shown_escaped_and_without_secrets_and_persons(shop: GatewayAccount) -> None:
    body = b'{"name_on_card": "Jana Novak", "token": "tok-1", "note": "<script>", "mail": "jana@example.com"}'
    delivery = a_delivery(shop, "D-1", body=body, headers={"x-header": "<b>"})

    page = somebody(shop).get(reverse("orders:inbox_delivery", args=[delivery.pk])).content.decode()

    assert "&lt;script&gt;" in page
    assert "&lt;b&gt;" in page
    assert not [word for word in ("<script>", "Jana", "tok-1", "jana@example.com") if word in page]


def test_a_body_that_is_no_text_is_shown_all_the_same(shop: GatewayAccount) -> None:
    delivery = a_delivery(shop, "D-1", body=b"\xff\x00\xfe")

    assert "Body of the webhook" in text_of(somebody(shop), reverse("orders:inbox_delivery", args=[delivery.pk]))


def test_the_list_is_chosen_by_state_and_account(shop: GatewayAccount) -> None:
    other = an_account(merchant=shop.merchant)
    for account, key, state in (
        (shop, "one", InboxState.DONE),
        (shop, "two", InboxState.UNMATCHED),
        (other, "three", InboxState.UNMATCHED),
    ):
        a_delivery(account, key, state)
    client = somebody(shop)

    def keys(query: str) -> set[str]:
        page = text_of(client, f"/inbox/{query}")
        return {key for key in ("one", "two", "three") if f">{key}<" in page}

    assert keys("") == {"one", "two", "three"}
    assert keys("?state=unmatched") == {"two", "three"}
    assert keys(f"?state=unmatched&account={shop.pk}") == {"two"}
    assert keys(f"?account={shop.pk}") == {"one", "two"}
    assert keys("?state=nonsense&account=x&after=y") == {"one", "two", "three"}


def test_a_long_list_is_walked_page_by_page(shop: GatewayAccount) -> None:
    for number in range(55):
        a_delivery(shop, f"key-{number:02}")
    client = somebody(shop)

    first = text_of(client, "/inbox/")
    second = text_of(client, "/inbox/" + href_of(first, "next"))

    assert ("key-54" in first, "key-05" in first, "key-04" in first) == (True, True, False)
    assert ("key-04" in second, "key-00" in second, href_of(second, "next")) == (True, True, "")


def test_another_merchants_webhooks_do_not_exist(shop: GatewayAccount) -> None:
    delivery = a_delivery(shop, "D-1")
    InboxRejection.objects.create(account=shop, at=database_now(), reason="Forged by D-1.", body_sha256="0" * 64)
    stranger = somebody(an_account())
    address = reverse("orders:inbox_delivery", args=[delivery.pk])

    assert "D-1" not in text_of(stranger, "/inbox/") + text_of(stranger, "/inbox/rejected/")
    assert stranger.get(address).status_code == 404
    assert stranger.post(reverse("orders:inbox_repetition_create", args=[delivery.pk])).status_code == 404
    assert stranger.get(reverse("orders:account_webhooks", args=[shop.pk])).status_code == 404
    assert Client().get("/inbox/").status_code == 302


def test_somebody_without_the_view_permission_sees_nothing(shop: GatewayAccount) -> None:
    delivery = a_delivery(shop, "D-1")
    person = logged_in(a_person(merchants=[shop.merchant], groups=[]))

    for address in ("/inbox/", "/inbox/rejected/", reverse("orders:inbox_delivery", args=[delivery.pk])):
        assert person.get(address).status_code == 403


def test_the_navigation_counts_what_matched_nothing(shop: GatewayAccount) -> None:
    client = somebody(shop)
    assert "webhooks without a match" not in text_of(client, "/orders/")

    a_delivery(shop, "one", InboxState.UNMATCHED)
    a_delivery(an_account(), "somebody else's", InboxState.UNMATCHED)

    assert '<span class="count">1<span class="sr"> webhooks without a match' in text_of(client, "/orders/")


def test_who_repairs_has_it_processed_again_and_that_is_written_down(shop: GatewayAccount) -> None:
    delivery = a_delivery(
        shop, "D-1", InboxState.FAILED, attempts_made=9, body=from_c(payment_event("X", payment_id="P")).body
    )
    address = reverse("orders:inbox_repetition_create", args=[delivery.pk])

    answer = somebody(shop, "supervisor").post(address)

    delivery.refresh_from_db()
    assert (answer.status_code, delivery.state, delivery.attempts_made) == (303, "waiting", 0)
    assert Event.objects.get(verb="inbox.again").details["delivery"] == delivery.pk
    work_off()
    delivery.refresh_from_db()
    assert delivery.state != "waiting"


def test_who_may_not_repair_has_no_button_and_is_refused(shop: GatewayAccount) -> None:
    delivery = a_delivery(shop, "D-1", InboxState.FAILED)
    client = somebody(shop, "viewer")

    page = text_of(client, reverse("orders:inbox_delivery", args=[delivery.pk]))
    answer = client.post(reverse("orders:inbox_repetition_create", args=[delivery.pk]), follow=True)

    assert "Process again" not in page
    assert "You may not have webhooks processed again" in html.unescape(answer.content.decode())
    delivery.refresh_from_db()
    assert delivery.state == "failed"
    assert Event.objects.get(verb="inbox.again_refused").refused


def test_what_was_not_believed_stands_on_a_page_of_its_own(shop: GatewayAccount) -> None:
    post(shop, from_c(payment_event("Refund", payment_id="P"), secret="forged"))

    page = text_of(somebody(shop), "/inbox/rejected/")

    assert "made with another secret" in page
    assert shop.name in page


@pytest.mark.parametrize("address", ["/inbox/", "/inbox/?state=unmatched", "/inbox/rejected/"])
def test_an_empty_list_says_so(shop: GatewayAccount, address: str) -> None:
    assert 'class="empty"' in text_of(somebody(shop), address)


def test_a_page_costs_the_same_queries_however_much_came(shop: GatewayAccount) -> None:
    client = somebody(shop)
    transaction = factories.a_transaction(account=shop)
    entry = {"key": "E", "type": "t", "state": "done", "sentence": "Done.", "transaction": transaction.pk}

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(client, "/inbox/")
        return len(captured)

    a_delivery(shop, "first", results=[entry])
    queries()
    few = queries()
    for number in range(40):
        a_delivery(shop, f"key-{number}", results=[entry | {"transaction": factories.a_transaction(account=shop).pk}])

    assert queries() == few <= 8


# Where webhooks come in.


def test_who_configures_sees_the_address_and_puts_a_secret_in_place_that_is_never_shown(shop: GatewayAccount) -> None:
    client = somebody(shop, "integrator")
    address = reverse("orders:account_webhooks", args=[shop.pk])

    page = text_of(client, address)
    answer = client.post(address, {"secret": "a-new-secret"})

    shop.refresh_from_db()
    after = text_of(client, address)
    assert f"/webhooks/{shop.webhook_token}/" in page
    assert answer.status_code == 303
    assert shop.webhook_secrets(database_now()) == ["a-new-secret", "a-secret-of-gateway-c"]
    assert "The one before counts until" in after
    assert "a-new-secret" not in after
    event = Event.objects.get(verb="account.webhook_secret")
    assert "a-new-secret" not in f"{event.sentence}{event.details}"


def test_an_empty_field_removes_nothing_and_a_tick_does(shop: GatewayAccount) -> None:
    client = somebody(shop, "integrator")
    address = reverse("orders:account_webhooks", args=[shop.pk])

    refused = client.post(address, {"secret": " "})
    shop.refresh_from_db()
    assert (refused.status_code, len(shop.webhook_secrets(database_now()))) == (422, 1)
    assert client.post(address, {"secret": "both", "remove": "on"}).status_code == 422

    client.post(address, {"secret": "", "remove": "on"})
    shop.refresh_from_db()
    assert shop.webhook_secrets(database_now()) == []


@pytest.mark.parametrize("secret", ["x" * 513, "two words", "ünicode", "line\nbreak\nagain"])
def test_a_secret_that_cannot_be_one_is_refused(shop: GatewayAccount, secret: str) -> None:
    client = somebody(shop, "integrator")

    answer = client.post(reverse("orders:account_webhooks", args=[shop.pk]), {"secret": secret})

    shop.refresh_from_db()
    assert answer.status_code == 422
    assert shop.webhook_secrets(database_now()) == ["a-secret-of-gateway-c"]
    assert secret not in answer.content.decode()


@pytest.mark.parametrize("group", ["viewer", "agent", "supervisor", "finance"])
def test_everybody_else_sees_neither_address_nor_form(shop: GatewayAccount, group: str) -> None:
    client = somebody(shop, group)
    address = reverse("orders:account_webhooks", args=[shop.pk])

    assert shop.webhook_token not in text_of(client, "/accounts/")
    if address in text_of(client, "/accounts/"):
        pytest.fail(f"{group} is led to a page that is closed")
    assert client.get(address).status_code == 403
    assert client.post(address, {"secret": "x"}).status_code == 403
