"""Following a modification and an order by polls: silent while nothing changed, then the truth, then a sentence."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.gateways.base import Verdict
from orders.groups import seeded_group
from orders.models import GatewayAccount, Modification, ModificationState
from orders.presenters import order_reading
from orders.presenters.following import END_KNOWN, NEEDS_A_PERSON, TIME_LIMIT
from tests.factories import a_captured_transaction
from tests.views.asking import AS_HTMX
from tests.views.scenes import a_modification, a_shop, answered, doubtful, gateway_says, in_state, logged_in, sent

pytestmark = pytest.mark.django_db

S = ModificationState
_POLL = re.compile(r'hx-get="(?P<url>[^"]*/live/\?[^"]*)" hx-trigger="every (?P<seconds>\d+)s"')


@pytest.fixture
def shop() -> tuple[GatewayAccount, User]:
    return a_shop()


@pytest.fixture
def modification(shop: tuple[GatewayAccount, User]) -> Modification:
    account, person = shop
    return a_modification(a_captured_transaction(account=account), person)


@pytest.fixture
def client(shop: tuple[GatewayAccount, User]) -> Client:
    return logged_in(shop[1])


def _page(modification: Modification, where: str) -> str:
    name, number = (
        ("order", modification.transaction.order_id) if where == "order" else ("modification", modification.pk)
    )
    return reverse(f"orders:{name}", args=[number])


def _poll_of(answer: Any) -> tuple[str, int]:
    """The address a page polls and every how many seconds; ("", 0) when it polls nothing."""
    found = _POLL.search(html.unescape(answer.content.decode()))
    return (found["url"], int(found["seconds"])) if found else ("", 0)


def _poll(client: Client, url: str) -> HttpResponse:
    answer: HttpResponse = client.get(url, headers=AS_HTMX)  # type: ignore[assignment]
    return answer


@pytest.mark.parametrize("where", ["order", "modification"])
def test_a_page_follows_what_moves_and_is_told_when_it_ends(
    client: Client, modification: Modification, where: str
) -> None:
    url, seconds = _poll_of(client.get(_page(modification, where)))
    silent = [_poll(client, url).status_code for _ in range(2)]

    sent(modification)
    sending = _poll(client, url)
    url, _ = _poll_of(sending)
    gateway_says(modification, Verdict.SUCCEEDED)
    ended = _poll(client, url)

    assert (seconds, silent) == (1, [204, 204])
    assert sending.status_code == 200
    assert "Sending" in sending.content.decode()
    assert ended.status_code == 286
    assert END_KNOWN in ended.content.decode()
    assert _poll_of(ended) == ("", 0)


@pytest.mark.parametrize("where", ["order", "modification"])
def test_at_review_the_page_says_why_it_stops_and_offers_to_ask(
    client: Client, modification: Modification, where: str
) -> None:
    url, _ = _poll_of(client.get(_page(modification, where)))
    doubtful(modification, S.REVIEW, reason="The answer contradicts the request.")

    answer = _poll(client, url)

    assert answer.status_code == 286
    assert NEEDS_A_PERSON in answer.content.decode()
    assert "The answer contradicts the request." in answer.content.decode()


@pytest.mark.parametrize("where", ["order", "modification"])
def test_at_the_time_limit_the_page_says_so(client: Client, modification: Modification, where: str) -> None:
    doubtful(modification, S.PENDING)
    url, _ = _poll_of(client.get(_page(modification, where)))
    long_ago = int((timezone.now() - timedelta(minutes=31)).timestamp())

    answer = _poll(client, re.sub(r"since=\d+", f"since={long_ago}", url))

    assert answer.status_code == 286
    assert TIME_LIMIT in html.unescape(answer.content.decode())


def test_a_card_that_stopped_before_the_end_offers_to_ask_the_gateway_now(
    client: Client, modification: Modification
) -> None:
    doubtful(modification, S.PENDING)
    long_ago = int((timezone.now() - timedelta(minutes=31)).timestamp())

    card = _poll(client, reverse("orders:modification_live", args=[modification.pk]) + f"?since={long_ago}&mark=x")

    assert reverse("orders:question_create", args=[modification.pk]) in card.content.decode()


@pytest.mark.parametrize("state", [S.SUCCEEDED, S.FAILED])
@pytest.mark.parametrize("where", ["order", "modification"])
def test_a_page_opened_after_the_end_polls_nothing(
    client: Client, modification: Modification, where: str, state: ModificationState
) -> None:
    in_state(modification, state)

    assert _poll_of(client.get(_page(modification, where))) == ("", 0)


def test_the_order_fragment_moves_money_buttons_state_and_timeline(client: Client, modification: Modification) -> None:
    url, _ = _poll_of(client.get(_page(modification, "order")))
    answered(modification, Verdict.SUCCEEDED)

    page = html.unescape(_poll(client, url).content.decode())

    order_id = modification.transaction.order_id
    assert f'id="order-{order_id}-now"' in page
    assert f'id="order-{order_id}-state" hx-swap-oob="true"' in page
    assert f'id="order-{order_id}-timeline"' in page
    assert "Up to 80.00 EUR can be refunded." in page
    assert "Partly refunded" in page
    assert "<html" not in page


def test_a_fragment_says_its_news_for_the_live_region(client: Client, modification: Modification) -> None:
    answered(modification, Verdict.SUCCEEDED)

    card = html.unescape(_poll(client, reverse("orders:modification_live", args=[modification.pk])).content.decode())

    assert 'data-announce="Refund of €20.00: Succeeded.' in card


def test_the_undo_countdown_comes_from_the_server(client: Client, modification: Modification) -> None:
    card = client.get(_page(modification, "modification")).content.decode()

    seconds = re.search(r'data-seconds="(\d+)"', card)
    assert seconds is not None
    assert 1 <= int(seconds[1]) <= 5


def test_the_pages_own_board_stays_true_while_it_is_followed(client: Client, modification: Modification) -> None:
    url, _ = _poll_of(client.get(_page(modification, "modification")))
    answered(modification, Verdict.SUCCEEDED)

    page = html.unescape(_poll(client, url).content.decode())

    for part in ("doors", "about", "attempts", "heard"):
        assert 'hx-swap-oob="true"' in page.partition(f'id="{part}"')[2].partition(">")[0]


def test_the_gateways_status_on_the_order_page_is_drawn_anew(client: Client, modification: Modification) -> None:
    url, _ = _poll_of(client.get(_page(modification, "order")))
    answered(modification, Verdict.SUCCEEDED)

    page = _poll(client, url).content.decode()

    facts = page.partition(f'id="order-{modification.transaction.order_id}-facts"')[2]
    assert 'hx-swap-oob="true"' in facts.partition(">")[0]
    assert "Gateway status" in facts


def test_a_strangers_poll_is_404(modification: Modification) -> None:
    _, stranger = a_shop("supervisor")
    client = logged_in(stranger)

    assert _poll(client, reverse("orders:modification_live", args=[modification.pk])).status_code == 404
    assert _poll(client, reverse("orders:order_live", args=[modification.transaction.order_id])).status_code == 404


def test_polls_do_not_keep_a_session_alive(client: Client, modification: Modification) -> None:
    client.get(_page(modification, "modification"))
    session = client.session
    session["seen_at"] = 1
    session.save()

    _poll(client, reverse("orders:modification_live", args=[modification.pk]))
    _poll(client, reverse("orders:order_live", args=[modification.transaction.order_id]))

    assert client.session["seen_at"] == 1


@pytest.mark.parametrize(("where", "budget"), [("modification", 4), ("order", 5)])
def test_a_poll_that_finds_nothing_new_is_cheap(
    client: Client, modification: Modification, where: str, budget: int
) -> None:
    url, _ = _poll_of(client.get(_page(modification, where)))

    with CaptureQueriesContext(connection) as queries:
        answer = _poll(client, url)

    assert answer.status_code == 204
    assert len(queries) <= budget


def test_a_form_that_resolves_by_hand_opens_by_itself_and_is_not_redrawn_under_the_hands(
    shop: tuple[GatewayAccount, User], client: Client, modification: Modification
) -> None:
    shop[1].groups.add(seeded_group("supervisor"))
    url, _ = _poll_of(client.get(_page(modification, "modification")))
    doubtful(modification, S.UNKNOWN)
    opened = _poll(client, url)
    url, _ = _poll_of(opened)
    Modification.objects.filter(pk=modification.pk).update(lookups_made=1)
    redrawn = _poll(client, url)
    Modification.objects.filter(pk=modification.pk).update(state=S.IN_FLIGHT, lease_until=timezone.now())
    gateway_says(modification, Verdict.SUCCEEDED)
    ended = _poll(client, url)

    assert 'name="evidence_text"' in opened.content.decode()
    assert 'id="resolution"' not in redrawn.content.decode()
    assert "The end is known; there is nothing to resolve." in ended.content.decode()


@pytest.mark.parametrize("when", ["before the money is read", "between money and captures"])
def test_a_result_that_comes_while_the_page_is_read_leaves_no_old_figures(
    client: Client, modification: Modification, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """A worker writes the result between two queries of a poll: the page goes on, or shows everything new."""
    url, _ = _poll_of(client.get(_page(modification, "order")))
    sent(modification)
    real = order_reading.transactions_of
    results = [modification]

    def late(order_id: int, person: User) -> Any:
        old = real(order_id, person)
        if results:
            gateway_says(results.pop(), Verdict.SUCCEEDED)
        return old if when == "between money and captures" else real(order_id, person)

    monkeypatch.setattr(order_reading, "transactions_of", late)
    during = _poll(client, url)
    url, _ = _poll_of(during)
    after = _poll(client, url) if url else during

    page = html.unescape(after.content.decode())
    assert after.status_code == 286
    assert "Up to 80.00 EUR can be refunded." in page
    assert "All figures add up." in page
    assert "is missing" not in html.unescape(during.content.decode())
