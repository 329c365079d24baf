"""What a discrepancy is worth is one figure on every page, in every sheet and in every sentence."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from orders.models import Discrepancy, GatewayAccount
from orders.models import DiscrepancyType as T
from orders.reconciliation.discrepancies.sheets import csv_lines
from tests.reconciliation_factories import a_discrepancy, a_file, a_line

pytestmark = pytest.mark.django_db


@pytest.fixture
def wrong_kind(account: GatewayAccount) -> Discrepancy:
    """Our capture of 119.96 EUR, listed as a refund."""
    line = a_line(a_file(account), type="refund", gross=-11_996, fee=0, reference="rec-1")
    return a_discrepancy(line=line, type=T.KIND, amount=11_996, difference=-23_992)


@pytest.mark.parametrize("path", ["", "discrepancies/", "discrepancies/?currency=EUR&amount_from=239.92"])
def test_the_home_and_the_list_tell_the_difference(client: Client, wrong_kind: Discrepancy, path: str) -> None:
    page = client.get(f"/reconciliation/{path}").content.decode()

    assert "€239.92" in page
    assert "€119.96" not in page


def test_the_page_tells_it_above_beside_both_sides_and_before_a_fix(client: Client, wrong_kind: Discrepancy) -> None:
    page = client.get(f"/reconciliation/discrepancies/{wrong_kind.pk}/").content.decode()

    assert '<p class="figure"><b>€239.92</b>' in page
    assert "€239.92 less than" in page


def test_the_sheet_has_the_same_value_as_its_difference(wrong_kind: Discrepancy) -> None:
    head, row = csv.reader(io.StringIO("".join(csv_lines([wrong_kind])).removeprefix("\ufeff")))
    told = dict(zip(head, row, strict=True))

    assert (told["value"], told["difference"]) == ("239.92", "-239.92")


def test_money_that_came_late_is_not_missing(client: Client, account: GatewayAccount) -> None:
    a_discrepancy(account, type=T.LATE, amount=66_695, difference=0)

    page = client.get("/reconciliation/").content.decode()

    assert "1 thing did not meet, yet no money is missing" in page
    assert "Settled late: 1, no money is missing." in page
    assert "€666.95" not in page
