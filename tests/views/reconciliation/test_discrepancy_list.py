"""The list of discrepancies: whose rows, which of them, in which order, and how it says that there are none."""

from __future__ import annotations

import html
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.database import database_now
from orders.models import Discrepancy, DiscrepancyState, DiscrepancyType, GatewayAccount
from orders.presenters.reconciliation.discrepancies import ROWS_PER_PAGE
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation_factories import a_discrepancy
from tests.views.pages import href_of, links_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db
LIST = "/reconciliation/discrepancies/"
T, S = DiscrepancyType, DiscrepancyState


def days_ago(days: int) -> date:
    return database_now().date() - timedelta(days=days)


def text_of(client: Client, query: str = "") -> str:
    answer = client.get(LIST + query)
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def shown(client: Client, query: str = "") -> list[int]:
    """The discrepancies of the rows, in their order."""
    links = links_of(client.get(LIST + query).content.decode())
    return [int(link["href"].rstrip("/").rsplit("/", 1)[-1]) for link in links if link["row"]]


def test_a_row_says_what_since_when_how_much_why_and_who_has_it(
    client: Client, account: GatewayAccount, finn: User
) -> None:
    a_discrepancy(
        account,
        type=T.AMOUNT,
        amount=4_120,
        reference="rec-77",
        sentence="The file says €10.00, our books say €51.20.",
        occurred_on=days_ago(5),
        cause="partial",
        confidence=90,
        owner=finn,
        due_on=days_ago(1),
    )

    page = text_of(client)

    for words in (
        *("Amount differs", "The file says €10.00, our books say €51.20.", "rec-77", "northwind", "5 days"),
        *("Only a part was settled", "90 % sure", "finn", "overdue since", "€41.20"),
    ):
        assert words in page
    assert "<b>1</b> discrepancy worth <b>€41.20</b>" in page


def test_settled_ones_stand_under_closed_and_waiting_ones_have_a_list_of_their_own(
    client: Client, account: GatewayAccount, finn: User
) -> None:
    open_one = a_discrepancy(account)
    waiting = a_discrepancy(account, state=S.WAITING, proposed_by=finn)
    accepted = a_discrepancy(account, state=S.ACCEPTED)

    assert set(shown(client)) == {open_one.pk, waiting.pk}
    assert shown(client, "?state=waiting") == [waiting.pk]
    assert shown(client, "?state=closed") == [accepted.pk]
    assert shown(client, "?state=accepted") == [accepted.pk]
    assert shown(client, "?state=all") == [accepted.pk, waiting.pk, open_one.pk]
    assert len(shown(client, "?state=nonsense")) == 2


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("type=fee", {"type": T.FEE}),
        ("cause=rounding", {"cause": "rounding"}),
        ("month=2026-10", {"month": date(2026, 10, 1)}),
        ("currency=jpy", {"currency": "JPY"}),
        ("currency=EUR&amount_from=150.00", {"amount": 15_000}),
        ("q=REC-9", {"reference": "rec-99"}),
        ("owner=nobody", {"owner": None}),
    ],
)
def test_a_filter_finds_what_it_names_and_nothing_else(
    client: Client, account: GatewayAccount, finn: User, query: str, fields: dict[str, Any]
) -> None:
    wanted = a_discrepancy(account, **{"owner": finn, **fields})
    a_discrepancy(account, owner=finn)

    assert shown(client, f"?{query}") == [wanted.pk]


def test_an_owner_finds_their_own_and_others_theirs(client: Client, account: GatewayAccount, finn: User) -> None:
    other = a_person("olga", merchants=[account.merchant], groups=["finance"])
    mine, hers = a_discrepancy(account, owner=finn), a_discrepancy(account, owner=other)

    assert shown(client, "?owner=mine") == [mine.pk]
    assert shown(client, f"?owner={other.pk}") == [hers.pk]
    assert "finn" in text_of(client)


def test_an_account_is_chosen(client: Client, account: GatewayAccount) -> None:
    a_discrepancy(account)
    there = a_discrepancy(an_account(merchant=account.merchant))

    assert shown(client, f"?account={there.account_id}") == [there.pk]


@pytest.mark.parametrize(
    ("age", "days"), [("0-1", (0, 1)), ("2-3", (2, 3)), ("4-7", (4, 7)), ("8-30", (8, 30)), ("30%2B", (31, 400))]
)
def test_an_age_holds_its_first_and_last_day_and_no_more(
    client: Client, account: GatewayAccount, age: str, days: tuple[int, int]
) -> None:
    inside = {a_discrepancy(account, occurred_on=days_ago(day)).pk for day in days}
    a_discrepancy(account, occurred_on=days_ago(days[1] + 500))
    for outside in {days[0] - 1, days[1] + 1} - {-1}:
        a_discrepancy(account, occurred_on=days_ago(outside))

    found = set(shown(client, f"?age={age}"))

    assert inside <= found
    assert len(found) == len(inside) + (2 if age.startswith("30") else 0)


def test_an_age_whose_plus_sign_became_a_space_is_understood(client: Client, account: GatewayAccount) -> None:
    old = a_discrepancy(account, occurred_on=days_ago(40))
    a_discrepancy(account, occurred_on=days_ago(1))

    assert shown(client, "?age=30+") == [old.pk]


def test_a_reference_of_the_order_finds_it_too(client: Client, account: GatewayAccount) -> None:
    transaction = a_captured_transaction(account=account)
    about = a_discrepancy(account, transaction=transaction, reference="rec-1")
    a_discrepancy(account, reference="rec-2")

    assert shown(client, f"?q={transaction.order.reference.upper()}") == [about.pk]


def test_the_most_valuable_oldest_and_gravest_come_first(client: Client, account: GatewayAccount) -> None:
    small = a_discrepancy(account, amount=100, occurred_on=days_ago(0))
    old = a_discrepancy(account, amount=100, occurred_on=days_ago(60))
    large = a_discrepancy(account, amount=90_000, occurred_on=days_ago(0))
    grave = a_discrepancy(account, amount=90_000, occurred_on=days_ago(0), type=T.SETTLED_THOUGH_FAILED)
    late = a_discrepancy(account, amount=90_000, occurred_on=days_ago(0), type=T.LATE)

    assert shown(client) == [grave.pk, large.pk, old.pk, small.pk, late.pk]
    assert shown(client, "?sort=age")[0] == old.pk


def test_the_largest_amounts_that_exist_are_sorted_too(client: Client, account: GatewayAccount) -> None:
    huge = a_discrepancy(account, amount=2**62, occurred_on=days_ago(60), type=T.SETTLED_THOUGH_FAILED)
    small = a_discrepancy(account, amount=0)

    assert shown(client) == [huge.pk, small.pk]


@pytest.mark.parametrize("sort", ["urgency", "age"])
def test_a_long_list_is_walked_page_by_page_and_loses_nothing(
    client: Client, account: GatewayAccount, sort: str
) -> None:
    everything = {
        a_discrepancy(account, amount=number % 7 * 100, occurred_on=days_ago(number % 5)).pk
        for number in range(2 * ROWS_PER_PAGE + 3)
    }

    pages, address = [], f"?sort={sort}"
    while address:
        page = client.get(LIST + address if address.startswith("?") else address).content.decode()
        pages.append([int(link["href"].rstrip("/").rsplit("/", 1)[-1]) for link in links_of(page) if link["row"]])
        address = href_of(page, "next")

    assert [len(page) for page in pages] == [ROWS_PER_PAGE, ROWS_PER_PAGE, 3]
    walked = [pk for page in pages for pk in page]
    assert len(walked) == len(set(walked))
    assert set(walked) == everything


def test_closed_ones_are_walked_newest_first(client: Client, account: GatewayAccount) -> None:
    for _ in range(ROWS_PER_PAGE + 1):
        a_discrepancy(account, state=S.RESOLVED)

    first = client.get(f"{LIST}?state=closed").content.decode()
    second = client.get(href_of(first, "next")).content.decode()

    assert len([link for link in links_of(second) if link["row"]]) == 1
    assert href_of(second, "next") == ""


@pytest.mark.parametrize(
    "query",
    [
        *("after=1.2.3", "after=x.y", "after=99999999999999999999.1", "after=٣.١", "sort=nonsense"),
        *("month=2026-13", "month=x", "account=x", "owner=999999", "age=old", "type=x", "cause=x", "currency=euro"),
        *("amount_from=12", "currency=EUR&amount_from=-1", "q=%00", "q=" + "x" * 65, "sort=age&after=0.1"),
        "sort=age&after=999999999999.1",
    ],
)
def test_a_damaged_address_shows_the_list_all_the_same(client: Client, account: GatewayAccount, query: str) -> None:
    wanted = a_discrepancy(account)

    assert shown(client, f"?{query}") == [wanted.pk]


def test_a_filter_that_is_left_out_says_so(client: Client) -> None:
    page = text_of(client, "?month=2026-13&amount_from=5&type=x")

    assert "Write the month as 2026-11; the filter was left out." in page
    assert "Choose a currency too: values are compared within one; the filter was left out." in page
    assert "“x” is not one of the choices; the filter was left out." in page


def test_values_are_summed_by_currency(client: Client, account: GatewayAccount) -> None:
    a_discrepancy(account, amount=1_000)
    a_discrepancy(account, amount=250)
    a_discrepancy(account, amount=700, currency="JPY")

    assert "<b>3</b> discrepancies worth <b>€12.50</b>, <b>¥700</b>" in text_of(client)


def test_another_merchants_discrepancies_do_not_exist(client: Client) -> None:
    theirs = a_discrepancy(an_account(name="their account"), reference="rec-theirs")

    page = text_of(client)

    assert "rec-theirs" not in page
    assert "their account" not in page
    assert shown(client, f"?account={theirs.account_id}&state=all") == []


def test_somebody_without_the_view_permission_sees_nothing(account: GatewayAccount) -> None:
    assert logged_in(a_person(merchants=[account.merchant], groups=[])).get(LIST).status_code == 403
    assert Client().get(LIST).status_code == 302


@pytest.mark.parametrize(
    ("query", "words"), [("", "Everything met"), ("?state=closed", "Nothing stands here yet"), ("?type=fee", "“Fee")]
)
def test_an_empty_list_says_what_was_looked_for(client: Client, query: str, words: str) -> None:
    page = text_of(client, query)

    assert 'class="empty"' in page
    assert words in page


@pytest.mark.parametrize(
    ("group", "may"), [("viewer", False), ("agent", False), ("finance", True), ("supervisor", True)]
)
def test_only_who_reconciles_chooses_rows_and_only_who_exports_takes_them_out(
    account: GatewayAccount, group: str, may: bool
) -> None:
    a_discrepancy(account)

    page = text_of(logged_in(a_person(merchants=[account.merchant], groups=[group])))

    assert ('name="row"' in page, "Bring a sheet back" in page, ">CSV<" in page) == (may, may, may)


def test_the_list_costs_the_same_queries_however_long_it_is(
    client: Client, account: GatewayAccount, finn: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(client)
        return len(captured)

    a_discrepancy(account, owner=finn)
    queries()
    few = queries()
    for number in range(ROWS_PER_PAGE):
        a_discrepancy(an_account(merchant=account.merchant), owner=finn, amount=number)

    assert queries() == few <= 9


def test_the_count_stops_where_counting_would_cost_more_than_it_tells(
    client: Client, account: GatewayAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.presenters.reconciliation.discrepancies.COUNTED_TO", 2)
    for _ in range(3):
        a_discrepancy(account)

    assert "<b>2+</b> discrepancies worth at least <b>€200.00</b>" in text_of(client)
    assert Discrepancy.objects.count() == 3
