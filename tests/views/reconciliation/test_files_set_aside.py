"""A refused file asks for something until a later one counts in its place, or somebody says why it needs nothing."""

from __future__ import annotations

import html
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.models import Event, FileState, GatewayAccount, SettlementFile
from orders.presenters.reconciliation.home_reading import read_home
from orders.reconciliation.files.setting_aside import in_place_of, still_asking
from tests.factories import a_person, an_account
from tests.reconciliation_factories import BOOKED, a_file
from tests.views.pages import text_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db

HOME, LIST = "/reconciliation/", "/reconciliation/files/"


def refused(account: GatewayAccount, **fields: Any) -> SettlementFile:
    """By default nobody said which day it is of."""
    return a_file(account, state=FileState.REFUSED, **{"name": "day.csv", "business_date": None, **fields})


def page_of(file: SettlementFile) -> str:
    return reverse("orders:settlement_file", args=[file.pk])


def set_aside(client: Client, file: SettlementFile, reason: str = "The day came by another door.") -> tuple[int, str]:
    address = reverse("orders:settlement_setting_aside_create", args=[file.pk])
    answer = client.post(address, {"reason": reason}, follow=True)
    return answer.status_code, html.unescape(answer.content.decode())


def asks(file: SettlementFile) -> bool:
    return still_asking(SettlementFile.objects.all()).filter(pk=file.pk).exists()


@pytest.mark.parametrize(
    ("of_refused", "of_later", "answered"),
    [
        ({}, {"name": "day.csv"}, True),
        ({}, {"name": "other.csv"}, False),
        ({"business_date": BOOKED}, {"name": "other.csv"}, False),
        ({"business_date": BOOKED}, {"name": "day.csv"}, True),
        ({"business_date": BOOKED}, {"name": "day.csv", "business_date": date(2026, 11, 21)}, False),
        ({"sha256": "5" * 64}, {"name": "other.csv", "sha256": "5" * 64}, True),
        ({}, {"name": "day.csv", "state": FileState.REPLACED}, True),
        ({}, {"name": "day.csv", "state": FileState.WAITING}, False),
        ({}, {"name": "day.csv", "state": FileState.REFUSED}, False),
    ],
)
def test_a_later_file_with_its_bytes_or_its_name_answers_it_and_no_other_of_its_day(
    client: Client, account: GatewayAccount, of_refused: dict[str, Any], of_later: dict[str, Any], answered: bool
) -> None:
    file = refused(account, **of_refused)
    assert asks(file)
    later = a_file(account, **of_later)

    assert asks(file) is not answered
    assert in_place_of(file) == (later if answered else None)
    page = text_of(client, page_of(file))
    assert ("A later file counts in its place" in page) is answered
    assert ("It needs nothing more: set it aside" in page) is not answered


def test_an_earlier_file_and_one_of_another_account_answer_nothing(account: GatewayAccount) -> None:
    a_file(account, name="day.csv")
    file = refused(account)
    a_file(an_account(merchant=account.merchant), name="day.csv")

    assert asks(file)
    assert in_place_of(file) is None


def test_what_was_set_aside_leaves_the_list_of_what_is_to_do_and_stays_among_the_files(
    client: Client, account: GatewayAccount
) -> None:
    file, other = refused(account), refused(account, name="other.csv")
    assert "The file day.csv was refused" in text_of(client, HOME)

    status, page = set_aside(client, file)

    assert status == 200
    assert "day.csv was set aside. It stays among the files" in page
    assert "The day came by another door." in page
    home = text_of(client, HOME)
    assert "The file day.csv was refused" not in home
    assert f"The file {other.name} was refused" in home
    assert page_of(file) in text_of(client, f"{LIST}?state=refused")
    assert SettlementFile.objects.get(pk=file.pk).state == FileState.REFUSED
    event = Event.objects.get(verb="settlement.set_aside")
    assert event.details["reason"] == "The day came by another door."
    assert "Set aside" not in text_of(client, "/reconciliation/runs/")


def test_setting_aside_twice_changes_nothing_and_says_who_did(
    client: Client, olga: User, account: GatewayAccount
) -> None:
    file = refused(account)
    set_aside(client, file)

    status, page = set_aside(logged_in(olga), file, "Me too.")

    assert status == 200
    assert "finn set day.csv aside already; nothing was changed." in page
    assert "The day came by another door." in page
    assert Event.objects.filter(verb="settlement.set_aside").count() == 1
    assert Event.objects.get(verb="settlement.set_aside_refused").details["code"] == "set_aside"


@pytest.mark.parametrize(("reason", "sentence"), [("  ", "Say why this file"), ("x" * 301, "at most 300 characters")])
def test_without_a_reason_nothing_is_set_aside(
    client: Client, account: GatewayAccount, reason: str, sentence: str
) -> None:
    file = refused(account)

    status, page = set_aside(client, file, reason)

    assert status == 422
    assert sentence in page
    assert asks(file)


def test_only_whoever_may_reconcile_sets_a_refused_file_aside(client: Client, account: GatewayAccount) -> None:
    file, counting = refused(account), a_file(account)
    viewer = logged_in(a_person(merchants=[account.merchant], groups=["viewer"]))

    assert "set it aside" not in text_of(viewer, page_of(file))
    page = set_aside(viewer, file)[1]
    assert "You need the “reconcile” permission" in page
    assert asks(file)
    assert "was not refused, so there is nothing to set aside" in set_aside(client, counting)[1]
    assert not Event.objects.filter(verb="settlement.set_aside").exists()
    address = reverse("orders:settlement_setting_aside_create", args=[file.pk])
    assert logged_in(a_person(groups=["finance"])).post(address, {"reason": "x"}).status_code == 404


def test_many_refusals_cost_the_home_no_more_questions(
    account: GatewayAccount, finn: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        refused(account, name=f"{number}.csv")

    with django_assert_max_num_queries(8):
        reading = read_home(finn, today=BOOKED, now=timezone.now())

    assert len(reading.moving) == 50
