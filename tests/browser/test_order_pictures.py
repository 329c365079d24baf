"""The order page, the panels and the evidence board in a real browser, in every state that looks different."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.gateways.base import ACTIONS, Kind, TransactionState
from orders.models import (
    Attempt,
    ExternalMovement,
    GatewayAccount,
    Heartbeat,
    ModificationState,
    OrderLine,
    Source,
    Transaction,
)
from orders.modifications.pause import pause_account
from orders.modifications.review import propose_resolution, propose_resumption
from tests.browser.conftest import THEMES, WIDTHS, LogIn, Look, axe_findings, keep_picture, sideways
from tests.factories import a_captured_transaction, a_merchant, a_person, a_transaction, an_account, an_order
from tests.views.scenes import a_modification, in_state

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.pictures]

S = ModificationState
ANSWER = {
    "paymentStatus": "CAPTURED",
    "reconciliationReferenceId": "sYfon1IJl9iZ7bpsa7fXO",
    "transactionOverview": {"paymentMethod": "VISA", "deal": {"typeCode": "3RIDS", "amount": "249.90"}, "mit": False},
    "customReferences": {"custom1": "ORD-20931", "custom2": "", "custom3": "till 4"},
}


@pytest.fixture
def mia() -> User:
    return a_person("mia", merchants=[a_merchant("Northwind Bikes", time_zone="Europe/Berlin")], groups=["supervisor"])


@pytest.fixture
def account(mia: User) -> GatewayAccount:
    return an_account(merchant=mia.memberships.get().merchant, name="SmartPay EU")


def _captured(account: GatewayAccount, **fields: Any) -> Transaction:
    order = an_order(
        account=account,
        reference="ORD-20931",
        customer_name="Jana Novák",
        customer_email="jana.novak@example.com",
        amount=24_990,
    )
    OrderLine.objects.create(order=order, name="Roof box", quantity=1, unit_amount=19_990)
    OrderLine.objects.create(order=order, name="Strap", quantity=2, unit_amount=2_500)
    values: dict[str, Any] = {"payment_method": "VISA", "facts": ANSWER, "refreshed_at": timezone.now(), **fields}
    return a_transaction(
        order=order,
        authorized=24_990,
        captured=15_000,
        refunded=0,
        released=9_990,
        capture_open=False,
        state=TransactionState.CAPTURED,
        **values,
    )


def _order_url(transaction: Transaction) -> str:
    return reverse("orders:order", args=[transaction.order_id])


def test_a_busy_order_looks_right(page: Page, signed_in: LogIn, look: Look, mia: User, account: GatewayAccount) -> None:
    signed_in(page, "mia")
    transaction = _captured(account)
    in_state(a_modification(transaction, mia, amount=2_500, description="Strap returned"), S.SUCCEEDED)
    in_state(a_modification(transaction, mia, amount=999), S.FAILED)
    in_state(a_modification(transaction, mia, amount=1_500), S.PENDING)

    look(page, _order_url(transaction), "order-busy")


def test_an_authorized_order_looks_right(
    page: Page, signed_in: LogIn, look: Look, mia: User, account: GatewayAccount
) -> None:
    signed_in(page, "mia")
    transaction = a_transaction(account=account, expires_at=timezone.now() + timedelta(hours=30))

    look(page, _order_url(transaction), "order-authorized")


def test_an_order_without_a_transaction_looks_right(
    page: Page, signed_in: LogIn, look: Look, mia: User, account: GatewayAccount
) -> None:
    signed_in(page, "mia")
    order = an_order(account=account)

    look(page, reverse("orders:order", args=[order.pk]), "order-empty")


def test_a_frozen_order_looks_right(
    page: Page, signed_in: LogIn, look: Look, mia: User, account: GatewayAccount
) -> None:
    signed_in(page, "mia")
    transaction = _captured(account, frozen_reason="A refund of 200.00 EUR does not fit the books.")
    ExternalMovement.objects.create(
        account=account,
        transaction=transaction,
        kind="refund",
        amount=20_000,
        currency="EUR",
        key="portal-1",
        source="mirror",
        seen_at=timezone.now(),
        booked=False,
        unbooked_reason="It is more than was captured.",
    )

    look(page, _order_url(transaction), "order-frozen")


@pytest.mark.parametrize("kind", [kind for kind in ACTIONS if kind is not Kind.VOID])
def test_every_panel_looks_right(
    page: Page, signed_in: LogIn, look: Look, mia: User, account: GatewayAccount, kind: Kind
) -> None:
    signed_in(page, "mia")
    transaction = _captured(account) if kind is Kind.REFUND else a_transaction(account=account)

    look(page, reverse("orders:modification_new", args=[transaction.pk, kind]), f"panel-{kind}")


def test_a_closed_panel_looks_right(
    page: Page, signed_in: LogIn, look: Look, mia: User, account: GatewayAccount
) -> None:
    signed_in(page, "mia")
    transaction = a_captured_transaction(account=account)

    look(page, reverse("orders:modification_new", args=[transaction.pk, Kind.CAPTURE]), "panel-closed")


@pytest.mark.parametrize("state", [S.QUEUED, S.UNKNOWN, S.REVIEW, S.SUCCEEDED, S.FAILED])
def test_the_evidence_board_looks_right(
    page: Page, signed_in: LogIn, look: Look, mia: User, account: GatewayAccount, state: ModificationState
) -> None:
    signed_in(page, "mia")
    modification = in_state(a_modification(_captured(account), mia, description="Strap returned"), state)
    Attempt.objects.filter(modification=modification).update(
        request_transcript="POST /payment/refund HTTP/1.1\nContent-Type: application/json\n\n{}",
        verdict="unknown",
        finished_at=timezone.now(),
        reason_text="The line went dead while waiting for the answer.",
        duration_ms=90_012,
    )

    look(page, reverse("orders:modification", args=[modification.pk]), f"modification-{state}")


def test_lists_and_approvals_look_right(
    page: Page, signed_in: LogIn, look: Look, mia: User, account: GatewayAccount
) -> None:
    signed_in(page, "mia")
    look(page, reverse("orders:proposal_list"), "proposals-empty")
    look(page, reverse("orders:modification_list"), "modifications-empty")
    modification = in_state(a_modification(_captured(account), mia), S.REVIEW)
    a_modification(a_captured_transaction(account=account), mia)
    other = a_person("otto", merchants=[account.merchant], groups=["supervisor"])
    proposal = propose_resolution(
        modification_id=modification.pk,
        verdict="failed",
        amount=None,
        gateway_reference="",
        executed_kind="",
        evidence_text="The gateway's portal lists no such refund: https://portal.example/refunds?q=1",
        by=other,
        source=Source.PAGE,
    )
    pause_account(account_id=account.pk, reason="The key was refused (401).", by=mia, source=Source.PAGE)
    propose_resumption(account_id=account.pk, evidence_text="New key in place.", by=mia, source=Source.PAGE)
    Heartbeat.objects.create(name="worker 1", at=timezone.now(), note="stranded 0, to_review 0, sealed 3")

    look(page, reverse("orders:proposal_list"), "proposals")
    look(page, reverse("orders:proposal", args=[proposal.pk]), "proposal")
    look(page, reverse("orders:modification_list"), "modifications")
    look(page, reverse("orders:account_list"), "accounts")
    look(page, reverse("orders:account_pause", args=[account.pk]), "account-pause")


def _inspect(page: Page, name: str) -> None:
    """axe and a picture of the page as it stands, in both themes and at both ends of the widths."""
    for theme in THEMES:
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        for width in (WIDTHS[0], WIDTHS[-1]):
            page.set_viewport_size({"width": width, "height": 900})
            keep_picture(page, f"{name}-{width}-{theme}.png")
            assert sideways(page) <= 0, f"{name} scrolls sideways at {width} px"
            assert axe_findings(page) == "", f"{name} at {width} px, {theme}"


def _open_refund(page: Page, live_server: LiveServer, transaction: Transaction) -> None:
    page.goto(f"{live_server.url}{_order_url(transaction)}")
    page.get_by_role("link", name="Refund", exact=True).click()
    expect(page.locator("#action-panel")).to_be_visible()


def test_the_panel_beside_the_order_looks_right(
    page: Page, live_server: LiveServer, signed_in: LogIn, mia: User, account: GatewayAccount
) -> None:
    signed_in(page, "mia")
    _open_refund(page, live_server, _captured(account))

    _inspect(page, "panel-beside")


def test_a_refused_amount_looks_right(
    page: Page, live_server: LiveServer, signed_in: LogIn, mia: User, account: GatewayAccount
) -> None:
    signed_in(page, "mia")
    _open_refund(page, live_server, _captured(account))
    page.get_by_label("Amount").fill("1e2")
    page.get_by_label("Description").fill("x" * 130)
    page.get_by_role("button", name="Refund", exact=True).click()
    expect(page.locator("#id_amount_error")).to_contain_text("is not an amount")

    _inspect(page, "panel-422")


def test_a_twin_looks_right(
    page: Page, live_server: LiveServer, signed_in: LogIn, mia: User, account: GatewayAccount
) -> None:
    signed_in(page, "mia")
    transaction = _captured(account)
    in_state(a_modification(transaction, mia, amount=2_000), S.SUCCEEDED)
    _open_refund(page, live_server, transaction)
    page.get_by_label("Amount").fill("20.00")
    page.get_by_role("button", name="Refund", exact=True).click()
    expect(page.get_by_text("This looks like a repeat.")).to_be_visible()

    _inspect(page, "panel-twin")


def test_a_changed_order_looks_right(
    page: Page, live_server: LiveServer, signed_in: LogIn, mia: User, account: GatewayAccount
) -> None:
    signed_in(page, "mia")
    transaction = _captured(account)
    _open_refund(page, live_server, transaction)
    in_state(a_modification(transaction, mia, amount=2_500), S.SUCCEEDED)
    page.get_by_role("button", name="Refund", exact=True).click()
    expect(page.get_by_text("Changed meanwhile.")).to_be_visible()

    _inspect(page, "panel-409")


def test_a_followed_refund_looks_right(
    page: Page, live_server: LiveServer, signed_in: LogIn, mia: User, account: GatewayAccount
) -> None:
    signed_in(page, "mia")
    _open_refund(page, live_server, _captured(account))
    page.get_by_role("button", name="Refund", exact=True).click()
    expect(page.locator("#panel .followed")).to_be_visible()

    _inspect(page, "followed")
