"""A refund over several captures on the pages: the click, every leg, what failed of it, and the button for the rest."""

from __future__ import annotations

import html
import uuid

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders.gateways.base import Kind, Verdict
from orders.models import Modification, ModificationState, RefundPlan, Transaction
from tests import factories
from tests.modifications.planning import captured_in_parts, legs_of, planned
from tests.views.asking import AS_HTMX, draw, send
from tests.views.scenes import answered, logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def transaction() -> Transaction:
    """60.00 and then 40.00 captured; each capture is refunded for itself."""
    return captured_in_parts(6_000, 4_000)


@pytest.fixture
def agent(transaction: Transaction) -> User:
    return factories.a_person(merchants=[transaction.merchant])


@pytest.fixture
def client(agent: User) -> Client:
    return logged_in(agent)


@pytest.fixture
def half_failed(transaction: Transaction, agent: User) -> RefundPlan:
    """The newest capture's 40.00 went back, the other capture's 50.00 were refused."""
    plan = planned(transaction, 9_000, by=agent)
    done, refused = legs_of(plan)
    answered(done, Verdict.SUCCEEDED)
    answered(refused, Verdict.DECLINED)
    plan.transaction.refresh_from_db()
    return plan


def text_of(client: Client, url: str) -> str:
    return html.unescape(client.get(url).content.decode())


def plan_url(plan: RefundPlan) -> str:
    return reverse("orders:plan", args=[plan.pk])


def test_the_panel_says_that_more_than_one_capture_holds_becomes_several_refunds(
    client: Client, transaction: Transaction
) -> None:
    first, second = transaction.captures.all()

    panel = text_of(client, reverse("orders:modification_new", args=[transaction.pk, Kind.REFUND]))

    assert "More than one capture holds becomes several refunds" in panel
    assert "it becomes 2 refunds, the newest capture first" in panel
    assert panel.index(second.gateway_id) < panel.index(first.gateway_id)


def test_the_what_if_of_a_refund_that_one_capture_holds_names_no_legs(client: Client, transaction: Transaction) -> None:
    url = reverse("orders:modification_preview", args=[transaction.pk, Kind.REFUND])

    small = client.get(url, {"amount": "60.00"}, headers=AS_HTMX).content.decode()
    large = client.get(url, {"amount": "60.01"}, headers=AS_HTMX).content.decode()

    assert "it becomes" not in small
    assert "it becomes 2 refunds" in large


def test_the_click_without_script_leads_to_the_plan_with_every_leg(client: Client, transaction: Transaction) -> None:
    answer = send(client, transaction, Kind.REFUND, draw(client, transaction) | {"amount": "90.00"})

    plan = RefundPlan.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, plan_url(plan))
    page = text_of(client, plan_url(plan))
    assert "€0.00 of €90.00 went back to the shopper. €90.00 is under way" in page
    for leg in legs_of(plan):
        assert f'id="leg-{leg.pk}"' in page
    assert page.count("Undo this part") == 2
    assert "Finish the plan" not in page


def test_the_click_in_the_panel_draws_the_plan_and_the_order_anew(client: Client, transaction: Transaction) -> None:
    answer = send(client, transaction, Kind.REFUND, draw(client, transaction) | {"amount": "90.00"}, htmx=True)

    fragment = answer.content.decode()
    plan = RefundPlan.objects.get()
    assert answer.status_code == 200
    assert f'id="plan-{plan.pk}"' in fragment
    assert f'id="order-{transaction.order_id}-now" hx-swap-oob="true"' in fragment
    assert fragment.count("a refund over several captures") == 2, "both legs say what they belong to"


def test_the_same_click_twice_is_one_plan(client: Client, transaction: Transaction) -> None:
    form = draw(client, transaction) | {"amount": "90.00"}

    first, second = (send(client, transaction, Kind.REFUND, form) for _ in range(2))

    assert first["Location"] == second["Location"]
    assert Modification.objects.count() == 2


def test_a_partly_failed_plan_says_what_is_missing_and_is_finished_with_one_button(
    client: Client, half_failed: RefundPlan
) -> None:
    order_page = text_of(client, reverse("orders:order", args=[half_failed.transaction.order_id]))
    page = text_of(client, plan_url(half_failed))
    version = half_failed.transaction.version

    answer = client.post(reverse("orders:plan_rest_create", args=[half_failed.pk]), {"version": version})

    assert "€50.00 was refused or withdrawn: nothing of it moved" in page
    assert "Finish the plan: refund €50.00" in page
    assert "Look at the plan and finish it" in order_page
    assert (answer.status_code, answer["Location"]) == (303, plan_url(half_failed))
    new = half_failed.modifications.get(state=ModificationState.QUEUED)
    assert new.amount == 5_000
    assert "Finish the plan" not in text_of(client, plan_url(half_failed))


def test_finishing_twice_asks_once(client: Client, half_failed: RefundPlan) -> None:
    for _ in range(2):
        client.post(
            reverse("orders:plan_rest_create", args=[half_failed.pk]), {"version": half_failed.transaction.version}
        )

    assert half_failed.modifications.count() == 3


def test_an_old_page_does_not_finish_a_plan(client: Client, half_failed: RefundPlan) -> None:
    url = reverse("orders:plan_rest_create", args=[half_failed.pk])

    for form in ({"version": "1"}, {}, {"version": "nonsense"}):
        answer = client.post(url, form, follow=True)
        assert "othing was sent" in answer.content.decode()

    assert half_failed.modifications.count() == 2


def test_a_plan_that_may_not_be_finished_says_why(half_failed: RefundPlan) -> None:
    viewer = logged_in(factories.a_person(merchants=[half_failed.merchant], groups=["viewer"]))

    page = text_of(viewer, plan_url(half_failed))
    viewer.post(reverse("orders:plan_rest_create", args=[half_failed.pk]), {"version": half_failed.transaction.version})

    assert "The plan cannot be finished now. You may not refund for this merchant." in page
    assert half_failed.modifications.count() == 2


def test_a_done_plan_says_so(client: Client, transaction: Transaction, agent: User) -> None:
    plan = planned(transaction, 9_000, by=agent)
    for leg in legs_of(plan):
        answered(leg, Verdict.SUCCEEDED)

    assert "Done: all of €90.00 was refunded to the shopper." in text_of(client, plan_url(plan))


def test_the_page_follows_until_every_leg_has_ended(client: Client, transaction: Transaction, agent: User) -> None:
    plan = planned(transaction, 9_000, by=agent)
    page = text_of(client, plan_url(plan))
    poll = page.partition(f'hx-get="{reverse("orders:plan_live", args=[plan.pk])}')[2].partition('"')[0]
    url = reverse("orders:plan_live", args=[plan.pk]) + poll

    unchanged = client.get(url, headers=AS_HTMX)
    for leg in legs_of(plan):
        answered(leg, Verdict.SUCCEEDED)
    ended = client.get(url, headers=AS_HTMX)

    assert unchanged.status_code == 204
    assert ended.status_code == 286
    assert "Done: all of" in ended.content.decode()


@pytest.mark.parametrize("name", ["plan", "plan_live"])
def test_another_merchants_plan_does_not_exist(half_failed: RefundPlan, name: str) -> None:
    stranger = logged_in(factories.a_person(merchants=[factories.a_merchant()]))

    assert stranger.get(reverse(f"orders:{name}", args=[half_failed.pk])).status_code == 404
    assert stranger.get(reverse(f"orders:{name}", args=[uuid.uuid4()])).status_code == 404
    rest = reverse("orders:plan_rest_create", args=[half_failed.pk])
    assert stranger.post(rest, {"version": "1"}).status_code == 404


def test_the_captures_show_what_of_each_can_still_be_refunded(client: Client, half_failed: RefundPlan) -> None:
    page = text_of(client, reverse("orders:order", args=[half_failed.transaction.order_id]))

    table = page.partition("Captures of this transaction")[2].partition("</table>")[0]
    assert table.count("€60.00") == 2, "the amount and what is left of the capture that kept its money"
    assert table.count("€40.00") == 2, "the amount and what was refunded of the other one"
