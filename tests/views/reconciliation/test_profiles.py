"""Profiles and terms on their pages: tried beside a file's first lines, saved, activated, refused."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.models import FileState, GatewayAccount, ProfileState, SettlementProfile, SettlementTerms
from orders.profile_forms import flat
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.profile import EXAMPLES, SANDBOX_MAPPING
from orders.reconciliation.files.storing import add_part
from tests.factories import a_person, an_account
from tests.reconciliation.files.corpus import CASES
from tests.reconciliation.files.papers import table
from tests.reconciliation_factories import a_file, a_profile
from tests.views.pages import text_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db

DRAFT = ProfileState.DRAFT


@pytest.fixture
def draft(shop: tuple[GatewayAccount, User]) -> SettlementProfile:
    return a_profile(shop[0], name="daily", state=DRAFT, mapping=SANDBOX_MAPPING.to_json())


def posted(mapping: Mapping = SANDBOX_MAPPING, **more: Any) -> dict[str, Any]:
    """The form as the browser sends it: boxes that are not ticked are absent."""
    fields = {**flat(mapping), "tolerance_minor": 1, "tolerance_days": 4, "act": "save", **more}
    return {name: "on" if value is True else value for name, value in fields.items() if value is not False}


def test_the_list_shows_every_version_in_a_fixed_number_of_queries(
    client: Client, shop: tuple[GatewayAccount, User], draft: SettlementProfile
) -> None:
    assert "daily v1" in text_of(client, reverse("orders:profile_list"))
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(reverse("orders:profile_list"))
    for version in range(2, 60):
        a_profile(shop[0], name="daily", version=version, state=DRAFT)
    with CaptureQueriesContext(connection) as many:
        page = client.get(reverse("orders:profile_list")).content.decode()
    assert len(many) == len(few)
    assert 'rel="next"' in page
    assert "daily v59" in page
    assert "daily v1<" not in page


@pytest.mark.parametrize("start", ["example-sandbox", "example-debit_credit", "copy"])
def test_a_profile_starts_from_an_example_or_a_copy(
    client: Client, shop: tuple[GatewayAccount, User], draft: SettlementProfile, start: str
) -> None:
    start = f"copy-{draft.pk}" if start == "copy" else start
    address = reverse("orders:profile_new")
    assert "New profile" in text_of(client, address)
    answer = client.post(address, {"account": shop[0].pk, "name": "monthly", "start": start})
    made = SettlementProfile.objects.get(name="monthly")
    assert answer["Location"] == reverse("orders:profile", args=[made.pk])
    expected = EXAMPLES["debit_credit"].mapping if start == "example-debit_credit" else SANDBOX_MAPPING
    assert (made.state, Mapping.from_json(made.mapping)) == (DRAFT, expected)


def test_a_name_that_is_taken_is_refused_beside_the_field(
    client: Client, shop: tuple[GatewayAccount, User], draft: SettlementProfile
) -> None:
    answer = client.post(
        reverse("orders:profile_new"), {"account": shop[0].pk, "name": "daily", "start": "example-sandbox"}
    )
    assert answer.status_code == 422
    assert "already" in answer.content.decode()


def test_the_newest_file_is_shown_beside_what_it_becomes(
    client: Client, shop: tuple[GatewayAccount, User], draft: SettlementProfile
) -> None:
    address = reverse("orders:profile", args=[draft.pk])
    assert "No file to try it on" in text_of(client, address)
    file = a_file(shop[0], state=FileState.REFUSED, name="yesterday.csv")
    add_part(file, 0, table().encode())
    page = text_of(client, address)
    assert "First lines of yesterday.csv" in page
    assert "Capture €100.00, fee €1.50, net €98.50, 20 November 2026" in page
    assert "rec-1 | tx-1 | shop-1" in page


def test_a_sample_is_tried_with_the_changed_mapping_and_nothing_is_kept(
    client: Client, draft: SettlementProfile
) -> None:
    address = reverse("orders:profile", args=[draft.pk])
    sample = SimpleUploadedFile("new.csv", table().replace("grossAmount", "brutto").encode())
    asked = posted(act="try", text_gross="brutto", sample=sample)
    page = html.unescape(client.post(address, asked).content.decode())
    assert "First lines of new.csv" in page
    assert "Capture €100.00" in page
    draft.refresh_from_db()
    assert Mapping.from_json(draft.mapping) == SANDBOX_MAPPING


@pytest.mark.parametrize(
    "name", ["empty", "trailing NUL", "missing column", "gigantic cell", "workbook bomb", "gzip cut"]
)
def test_a_hostile_sample_shows_its_page(client: Client, draft: SettlementProfile, name: str) -> None:
    sample = SimpleUploadedFile("hostile.csv", CASES[name][0])
    answer = client.post(reverse("orders:profile", args=[draft.pk]), posted(act="try", sample=sample))
    assert answer.status_code == 200


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_mapping_goes_through_the_form_unchanged(client: Client, draft: SettlementProfile, name: str) -> None:
    mapping = EXAMPLES[name].mapping
    answer = client.post(reverse("orders:profile", args=[draft.pk]), posted(mapping))
    assert answer.status_code == 303
    draft.refresh_from_db()
    assert Mapping.from_json(draft.mapping) == mapping
    assert (draft.tolerance_minor, draft.tolerance_days) == (1, 4)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"types": "CAPTURE"}, "does not say what a word means"),
        ({"types": "CAPTURE = gift"}, "cannot mean"),
        ({"how_gross": "position", "text_gross": "four"}, "is not a number"),
        ({"how_gross": "column", "text_gross": ""}, "which column or text"),
        ({"how_gross": "", "how_net": ""}, "gross or the net"),
        ({"tolerance_minor": "much"}, "whole number"),
        ({"layout": "spiral"}, "not one of the available choices"),
        ({"time_zone": "Mars"}, "time zone"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_with_a_sentence(
    client: Client, draft: SettlementProfile, change: dict[str, Any], word: str
) -> None:
    answer = client.post(reverse("orders:profile", args=[draft.pk]), posted(**change))
    assert answer.status_code == 422
    assert word in html.unescape(answer.content.decode())
    draft.refresh_from_db()
    assert Mapping.from_json(draft.mapping) == SANDBOX_MAPPING


def test_a_stored_mapping_that_cannot_be_used_still_shows(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    broken = a_profile(shop[0], state=DRAFT, mapping={"columns": 3})
    assert "cannot be used" in text_of(client, reverse("orders:profile", args=[broken.pk]))


def test_activation_asks_for_a_note_and_retirement_ends_it(client: Client, draft: SettlementProfile) -> None:
    activation = reverse("orders:profile_activation_create", args=[draft.pk])
    page = client.post(activation, {"note": ""}, follow=True).content.decode()
    assert "nothing was activated" in page
    page = client.post(activation, {"note": "New file of the bank."}, follow=True).content.decode()
    assert "is active" in page
    draft.refresh_from_db()
    assert draft.state == ProfileState.ACTIVE
    client.post(reverse("orders:profile_retirement_create", args=[draft.pk]))
    draft.refresh_from_db()
    assert draft.state == ProfileState.RETIRED


def test_whoever_only_looks_sees_no_buttons_and_changes_nothing(
    shop: tuple[GatewayAccount, User], draft: SettlementProfile
) -> None:
    agent = logged_in(a_person("agent", merchants=[shop[0].merchant], groups=["agent"]))
    address = reverse("orders:profile", args=[draft.pk])
    page = text_of(agent, address)
    assert "Activate" not in page
    assert "Save the draft" not in page
    assert agent.post(address, posted()).status_code == 403
    assert agent.get(reverse("orders:profile_new")).status_code == 403
    terms = reverse("orders:settlement_terms", args=[shop[0].pk])
    assert "Save the terms" not in text_of(agent, terms)
    assert agent.post(terms, {}).status_code == 403


def test_another_merchants_profiles_and_terms_are_not_there(draft: SettlementProfile) -> None:
    stranger = logged_in(a_person("stranger", merchants=[an_account().merchant], groups=["finance"]))
    assert "daily" not in text_of(stranger, reverse("orders:profile_list"))
    assert stranger.get(reverse("orders:profile", args=[draft.pk])).status_code == 404
    assert stranger.post(reverse("orders:profile_activation_create", args=[draft.pk]), {"note": "x"}).status_code == 404
    assert stranger.get(reverse("orders:settlement_terms", args=[draft.account_id])).status_code == 404


def terms_posted(**more: Any) -> dict[str, Any]:
    fields = {
        "time_zone": "Asia/Tokyo",
        "cut_off": "17:30",
        "business_days": ["1", "2", "6"],
        "holidays": "2026-12-25\n\n2026-12-26",
        "delay_days": "2",
        "patience_days": "1",
        "fee_basis_points": "",
        "fee_fixed": "0",
        "fee_currency": "",
        "accept_limit": "10000",
        "expected_from": "",
        "drop_folder": "",
    }
    return {**fields, **more}


def test_terms_are_saved_and_shown_again(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    address = reverse("orders:settlement_terms", args=[shop[0].pk])
    assert "saved" in client.post(address, terms_posted(), follow=True).content.decode()
    row = SettlementTerms.objects.get(account=shop[0])
    assert (row.time_zone, row.business_days, row.holidays) == ("Asia/Tokyo", "126", ["2026-12-25", "2026-12-26"])
    page = text_of(client, address)
    assert "Asia/Tokyo" in page
    assert "17:30" in page


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"holidays": "Christmas"}, "2026-12-25"),
        ({"time_zone": "Nowhere"}, "time zone"),
        ({"business_days": []}, "at least one day"),
        ({"cut_off": "late"}, "valid time"),
        ({"accept_limit": "20000"}, "configure"),
        ({"drop_folder": "a/b"}, "folder"),
        ({"fee_fixed": "9" * 30}, "minor units"),
    ],
)
def test_terms_that_cannot_be_are_refused_beside_their_field(
    client: Client, shop: tuple[GatewayAccount, User], change: dict[str, Any], word: str
) -> None:
    answer = client.post(reverse("orders:settlement_terms", args=[shop[0].pk]), terms_posted(**change))
    assert answer.status_code == 422
    assert word in html.unescape(answer.content.decode())
    assert not SettlementTerms.objects.filter(account=shop[0]).exists()
