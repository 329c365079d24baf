"""Every address of the reconciliation: closed to strangers, and silent about the rows of other merchants."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern

from orders import urls
from orders.models import Discrepancy, Event, ReconciliationRun, SettlementFile, SettlementProfile
from tests.factories import PASSWORD, a_person
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_match, a_profile

pytestmark = pytest.mark.django_db
DAY, MONTH = "2026-11-20", "2026-10"
WORDS = {"day_text": DAY, "month_text": MONTH, "code": "accept", "form": "csv"}


def addresses(keys: dict[str, int]) -> Iterator[str]:
    """Each path below /reconciliation/, its ids filled with those of one merchant's rows."""
    for pattern in urls.urlpatterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLPattern) and route.startswith("reconciliation/"):
            given = {name: keys.get(name, WORDS.get(name)) for name in pattern.pattern.converters}
            assert None not in given.values(), (route, given)
            for name, converter in pattern.pattern.converters.items():
                route = re.sub(rf"<[a-z]+:{name}>", converter.to_url(given[name]), route)
            yield f"/{route}"


def their_rows() -> dict[str, int]:
    """One row of everything, all of one merchant."""
    file = a_file()
    line = a_line(file)
    match = a_match(line)
    return {
        "file_id": file.pk,
        "line_id": line.pk,
        "match_id": match.pk,
        "run_id": match.run_id,
        "discrepancy_id": a_discrepancy(file.account).pk,
        "profile_id": a_profile(file.account).pk,
        "account_id": file.account_id,
        "merchant_id": file.merchant_id,
        "drift_id": 1,
    }


def signed_in(*groups: str) -> Client:
    person = a_person(groups=groups)
    client = Client()
    assert client.login(username=person.username, password=PASSWORD)
    return client


def test_nobody_without_a_name_gets_in() -> None:
    for address in addresses(their_rows()):
        for answer in (Client().get(address), Client().post(address)):
            assert answer.status_code in (302, 403, 405), address
            assert "/login" in answer.headers.get("Location", "/login"), address


def test_another_merchants_rows_are_not_there_for_finance_and_nothing_changes() -> None:
    keys = their_rows()
    client = signed_in("finance", "supervisor")
    before = story()
    for address in addresses(keys):
        for answer in (client.get(address), client.post(address, {"reason": "I want it.", "version": "1"})):
            owned = any(f"/{key}/" in address for key in keys.values())
            assert answer.status_code < 500, address
            assert not owned or answer.status_code in (302, 404, 405), (address, answer.status_code)
    assert story() == before


def story() -> tuple[object, ...]:
    """What a stranger's post could have changed."""
    return (
        list(Discrepancy.objects.values_list("pk", "version", "state")),
        list(SettlementProfile.objects.values_list("pk", "state")),
        list(SettlementFile.objects.values_list("pk", "state")),
        ReconciliationRun.objects.count(),
        Event.objects.filter(verb__startswith="month.").count(),
    )
