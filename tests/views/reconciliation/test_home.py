"""The home of the reconciliation: today's answer for the people of a merchant, and every figure with its list."""

from __future__ import annotations

import html
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from orders.models import (
    DiscrepancyState,
    DiscrepancyType,
    FileState,
    GatewayAccount,
    RunStage,
    SettlementFile,
)
from tests.factories import a_person, an_account
from tests.reconciliation_factories import a_discrepancy, a_file, a_run
from tests.views.pages import links_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _no_night_was_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.views.reconciliation.home.missed", lambda merchants: [])


def a_day(account: GatewayAccount, *, lines: int = 1_204, met: int = 1_204, **fields: Any) -> SettlementFile:
    """An applied file whose lines come to €58,221.10 after fees, with the figures of its run."""
    sums = {"EUR": {"lines": lines, "gross": 5_900_000, "fee": 77_890, "net": 5_822_110}}
    file = a_file(account, lines=lines, totals=sums, **{"business_date": DAY, **fields})
    a_run(file=file, figures={"lines": {"capture": sums}, "matches": {"reference": met}, "discrepancies": {}})
    return file


def home(client: Client, query: str = "") -> str:
    answer = client.get(f"/reconciliation/{query}")
    assert answer.status_code == 200, answer.status_code
    return html.unescape(answer.content.decode())


def addresses(page: str) -> set[str]:
    return {link["href"] for link in links_of(page)}


def test_everything_that_met_is_one_sentence(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    file = a_day(shop[0])

    page = home(client)

    assert "Everything of 20 November met: 1,204 lines, €58,221.10." in page
    assert "What to do next" not in page
    assert f"/reconciliation/files/?account={shop[0].pk}&date=2026-11-20" in addresses(page)
    assert file.account.name in page


def test_what_did_not_meet_is_told_by_count_value_and_age(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    account = shop[0]
    a_day(account)
    today = timezone.now().date()
    for days, amount in ((0, 20_000), (5, 11_200), (5, 10_000), (40, 1)):
        a_discrepancy(account, occurred_on=today - timedelta(days=days), amount=amount)
    a_discrepancy(account, state=DiscrepancyState.RESOLVED, amount=999_999)

    page = home(client)

    assert "4 things did not meet, worth €412.01" in page
    assert "Everything of" not in page
    for age in ("0-1", "4-7", "30%2B"):
        assert f"/reconciliation/discrepancies/?age={age}" in addresses(page)
    assert "€212.00" in page
    assert "9,999.99" not in page


def test_what_to_do_next_leads_to_the_most_urgent_first(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    account = shop[0]
    a_discrepancy(account, type=DiscrepancyType.FEE, amount=5)
    a_discrepancy(account, type=DiscrepancyType.SETTLED_THOUGH_FAILED, amount=2_000)
    a_discrepancy(
        account, state=DiscrepancyState.WAITING, proposed_by=a_person(), proposed_at=timezone.now(), amount=100
    )
    refused = a_file(account, state=FileState.REFUSED, name="broken.csv")

    page = home(client)

    places = [
        page.index(words)
        for words in (
            "The file broken.csv was refused; nothing of it counts.",
            "1 write-off waits for a second person.",
            "Settled though failed: 1, worth €20.00.",
            "Fee differs: 1, worth €0.05.",
        )
    ]
    assert places == sorted(places)
    assert f"/reconciliation/files/{refused.pk}/" in addresses(page)
    assert "/reconciliation/discrepancies/?type=fee&state=open" in addresses(page)


def test_what_the_list_of_things_to_do_leaves_out_is_counted(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    for number in range(10):
        a_file(shop[0], state=FileState.REFUSED, name=f"broken-{number}.csv")

    page = home(client)

    assert page.count("was refused; nothing of it counts.") == 2 * 7
    assert "And 3 more things to do." in page
    assert "/reconciliation/files/?state=refused" in addresses(page)


def test_nobody_is_asked_to_confirm_their_own_write_off(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    account, finn = shop
    waiting: dict[str, Any] = {"state": DiscrepancyState.WAITING, "proposed_at": timezone.now()}
    a_discrepancy(account, proposed_by=finn, **waiting)

    alone = home(client)
    a_discrepancy(account, proposed_by=a_person(), **waiting)
    both = home(client)

    assert "1 write-off of yours waits for somebody else." in alone
    assert "Confirm or reject" not in alone
    assert "1 write-off waits for a second person." in both
    assert "Confirm or reject" in both


def test_a_refusal_asks_for_something_however_old_it_is(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    a_file(shop[0], state=FileState.REFUSED, received_at=timezone.now() - timedelta(days=300))

    assert "was refused" in home(client)


@pytest.mark.parametrize("state", [FileState.RECEIVING, FileState.WAITING, FileState.LOADING])
def test_a_file_on_its_way_withholds_the_answer(
    client: Client, shop: tuple[GatewayAccount, User], state: FileState
) -> None:
    a_day(shop[0])
    a_file(shop[0], state=state)

    page = home(client)

    assert "1 file is still being read and compared." in page
    assert "Everything of" not in page


def test_an_upload_that_was_given_up_keeps_nobody_waiting(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    a_day(shop[0])
    a_file(shop[0], state=FileState.RECEIVING, received_at=timezone.now() - timedelta(hours=2))

    assert "Everything of 20 November met" in home(client)


def test_a_run_that_still_looks_withholds_the_answer(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    file = a_day(shop[0])
    file.runs.update(stage=RunStage.TYPING)

    assert "Everything of" not in home(client)


def test_the_first_morning_says_that_nothing_came(client: Client) -> None:
    page = home(client)

    assert "No settlement file has come yet" in page
    assert "No file yet" in page


def test_one_account_is_shown_alone(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    other = an_account(merchant=shop[0].merchant)
    a_day(shop[0])
    a_discrepancy(other, amount=777)

    assert "worth €7.77" in home(client)
    assert "worth €7.77" in home(client, f"?account={other.pk}")
    alone = home(client, f"?account={shop[0].pk}")
    assert "Everything of 20 November met" in alone
    assert home(client, "?account=999999999").count("worth €7.77") == home(client).count("worth €7.77")


def test_what_belongs_to_other_merchants_is_not_counted(client: Client) -> None:
    stranger = an_account()
    a_day(stranger)
    a_discrepancy(stranger, amount=31_337)

    page = home(client)

    assert stranger.name not in page
    assert "313.37" not in page
    assert "No settlement file has come yet" in page
    assert home(client, f"?account={stranger.pk}").count("313.37") == 0


def test_pictures_have_their_figures_beside_them(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    a_day(shop[0], lines=1_000, met=998)

    page = home(client)

    assert 'aria-label="99.8 % of 1,000 lines met in 1 day with files"' in page
    assert "From captured to paid out, EUR" in page
    assert "€59,000.00" in page
    assert "−€778.90" in page


def test_a_missed_night_is_told_before_everything_else(
    client: Client, shop: tuple[GatewayAccount, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[int]] = []

    def told(merchants: list[int]) -> list[str]:
        asked.append(list(merchants))
        return ["The night of 19 November did not run."]

    monkeypatch.setattr("orders.views.reconciliation.home.missed", told)

    page = home(client)

    assert page.index("The night of 19 November did not run.") < page.index("Today’s answer")
    assert asked == [[shop[0].merchant_id]]


def test_damaged_figures_are_no_error(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    file = a_file(shop[0], lines=3, totals={"EUR": "x"}, business_date=DAY)
    a_run(file=file, figures={"lines": ["x"], "matches": {"reference": "many"}, "discrepancies": 7})

    assert "Everything of 20 November met: 3 lines." in home(client)


def test_whoever_may_not_reconcile_is_offered_no_upload(shop: tuple[GatewayAccount, User], client: Client) -> None:
    viewer = logged_in(a_person(merchants=[shop[0].merchant], groups=("viewer",)))

    assert "Upload files" in home(client)
    assert "Upload files" not in home(viewer)


def test_without_the_view_permission_there_is_no_page() -> None:
    nobody = logged_in(a_person(groups=()))

    assert nobody.get("/reconciliation/").status_code == 403


def test_the_number_of_queries_does_not_grow(
    client: Client, shop: tuple[GatewayAccount, User], django_assert_max_num_queries: Any
) -> None:
    def fill(times: int) -> None:
        for number in range(times):
            account = an_account(merchant=shop[0].merchant)
            a_day(account, business_date=DAY - timedelta(days=number))
            a_discrepancy(account, type=list(DiscrepancyType)[number])

    fill(1)
    home(client)
    with django_assert_max_num_queries(10):
        home(client)
    fill(5)
    with django_assert_max_num_queries(10):
        home(client)
