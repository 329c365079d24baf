"""Mapping profiles and terms in a real browser, at every width and in both themes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.urls import reverse
from playwright.sync_api import Page

from orders.models import FileState, ProfileState
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.files.storing import add_part
from tests.browser.conftest import LogIn, Look
from tests.factories import a_merchant, a_person, an_account
from tests.reconciliation.files.papers import ROWS, changed, table
from tests.reconciliation_factories import a_file, a_profile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.pictures]


def test_profiles_and_terms_look_right(page: Page, signed_in: LogIn, look: Look) -> None:
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/Berlin")
    a_person("finn", merchants=[merchant], groups=["finance"])
    account = an_account(merchant=merchant, name="northwind")
    signed_in(page, "finn")
    look(page, reverse("orders:profile_list"), "profiles-empty")
    file = a_file(account, state=FileState.REFUSED, name="northwind-2026-11-20.csv")
    add_part(file, 0, table([*ROWS, changed(grossAmount="12,x0")]).encode())
    a_profile(account, name="daily", mapping=SANDBOX_MAPPING.to_json(), note="The bank changed its columns.")
    mapping = replace(SANDBOX_MAPPING, only_currency="EUR").to_json()
    draft = a_profile(account, name="daily", version=2, state=ProfileState.DRAFT, mapping=mapping)
    for address, name in (
        (reverse("orders:profile_list"), "profiles"),
        (reverse("orders:profile_new"), "profile-new"),
        (reverse("orders:profile", args=[draft.pk]), "profile"),
        (reverse("orders:settlement_terms", args=[account.pk]), "terms"),
    ):
        look(page, address, name)
