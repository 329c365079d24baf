"""Accounts in the back office: made and changed through the verbs, the key goes in and never comes out."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders.models import Event, GatewayAccount, Merchant, Proposal
from tests.factories import a_merchant, a_person, an_account

pytestmark = pytest.mark.django_db
SECRET = "s3cret-of-the-gateway"
ADD = "admin:orders_gatewayaccount_add"
LIST = "admin:orders_gatewayaccount_changelist"


def new_account(merchant: Merchant, **changes: Any) -> dict[str, Any]:
    return {
        "merchant": merchant.pk,
        "name": "north",
        "gateway": "smartpay",
        "base_url": "https://gateway.example/smartpay",
        "merchant_key": "3ip7f1-8e72",
        "authentication_key": SECRET,
        "profile": "{}",
        "concurrency": "32",
        **changes,
    }


def test_an_account_is_made_with_its_key_encrypted_and_in_no_history(office: Client, administrator: User) -> None:
    answer = office.post(reverse(ADD), new_account(a_merchant()))

    account = GatewayAccount.objects.get()
    assert answer.status_code == 302
    assert account.authentication_key == SECRET
    event = Event.objects.get(verb="account.created")
    assert (event.actor, event.source) == (administrator, "admin")
    told = f"{event.sentence}{event.details}{[entry.change_message for entry in LogEntry.objects.all()]}"
    assert SECRET not in told
    page = office.get(reverse("admin:orders_gatewayaccount_change", args=[account.pk])).content.decode()
    assert SECRET not in page
    assert "3ip7f1" not in page
    assert "…8e72" in page


@pytest.mark.parametrize(
    "changes",
    [
        {"base_url": "http://gateway.example"},
        {"base_url": "https://127.0.0.1/"},
        {"merchant_key": "x" * 37},
        {"merchant_key": "a:b"},
        {"authentication_key": ""},
        {"authentication_key": "two words"},
        {"profile": '{"kinds": "nonsense"}'},
        {"profile": '{"no_such_thing": 1}'},
        {"profile": "[1]"},
        {"gateway": "nowhere"},
    ],
)
def test_what_cannot_be_an_account_is_refused_on_the_page(office: Client, changes: dict[str, Any]) -> None:
    answer = office.post(reverse(ADD), new_account(a_merchant(), **changes))

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors
    assert not GatewayAccount.objects.exists()


def test_a_new_key_replaces_the_old_one_and_an_empty_field_keeps_it(office: Client) -> None:
    account = an_account(name="north", authentication_key="the old one")
    page = reverse("admin:orders_gatewayaccount_change", args=[account.pk])
    same = {"name": "north", "profile": "{}", "concurrency": "32"}

    office.post(page, {**same, "authentication_key": ""})
    account.refresh_from_db()
    kept = account.authentication_key
    office.post(page, {**same, "authentication_key": SECRET})
    account.refresh_from_db()

    assert (kept, account.authentication_key) == ("the old one", SECRET)
    assert Event.objects.filter(verb="account.key_rotated").count() == 1
    assert SECRET not in str(list(LogEntry.objects.values_list("change_message", flat=True)))


def test_the_address_and_the_merchant_key_of_an_account_cannot_be_changed(office: Client) -> None:
    account = an_account(name="north", merchant_key="fixed")
    page = reverse("admin:orders_gatewayaccount_change", args=[account.pk])

    office.post(
        page,
        {
            "name": "renamed",
            "profile": "{}",
            "concurrency": "8",
            "collects": "on",
            "authentication_key": "",
            "base_url": "https://elsewhere.example",
            "merchant_key": "other",
            "merchant": a_merchant().pk,
        },
    )

    before = (account.base_url, account.merchant_key, account.merchant_id)
    account.refresh_from_db()
    assert (account.base_url, account.merchant_key, account.merchant_id) == before
    assert (account.name, account.concurrency) == ("renamed", 8)
    assert Event.objects.get(verb="account.changed").sentence.endswith("name, concurrency.")


def test_pausing_asks_for_a_reason_and_resuming_is_only_proposed(office: Client) -> None:
    account = an_account(name="north")
    choose = {"action": "pause_accounts", "_selected_action": account.pk}

    asked = office.post(reverse(LIST), choose)
    without = office.post(reverse(LIST), {**choose, "confirmed": "yes", "reason": ""})
    still_sending = GatewayAccount.objects.get().paused
    office.post(reverse(LIST), {**choose, "confirmed": "yes", "reason": "Odd answers"})
    account.refresh_from_db()
    office.post(
        reverse(LIST),
        {
            "action": "propose_resuming_accounts",
            "_selected_action": account.pk,
            "confirmed": "yes",
            "evidence_text": "The vendor fixed it",
        },
    )

    assert (asked.status_code, without.status_code, still_sending) == (200, 422, False)
    assert account.paused_reason == "Odd answers"
    assert Proposal.objects.get().state == "open"
    assert GatewayAccount.objects.get().paused


def test_an_agent_on_the_staff_sees_accounts_and_changes_nothing() -> None:
    account = an_account(name="north")
    client = Client()
    client.force_login(a_person(merchants=[account.merchant], groups=["agent"], is_staff=True))
    page = reverse("admin:orders_gatewayaccount_change", args=[account.pk])

    assert client.get(page).status_code == 200
    assert client.post(page, {"name": "mine"}).status_code == 403
    assert client.get(reverse(ADD)).status_code == 403
    assert GatewayAccount.objects.get().name == "north"


def test_an_integrator_makes_accounts_for_their_own_merchants_only() -> None:
    own, foreign = a_merchant(), a_merchant()
    client = Client()
    client.force_login(a_person(merchants=[own], groups=["integrator"], is_staff=True))

    refused = client.post(reverse(ADD), new_account(foreign))
    made = client.post(reverse(ADD), new_account(own))

    assert (refused.status_code, made.status_code) == (200, 302)
    assert GatewayAccount.objects.get().merchant == own
