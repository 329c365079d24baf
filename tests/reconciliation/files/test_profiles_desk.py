"""Profiles and terms: drafted, activated, retired and changed by whoever may, each with its trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest
from django.contrib.auth.models import User

from orders.models import Event, GatewayAccount, ProfileState, SettlementProfile, SettlementTerms, Source
from orders.modifications.refusals import Refused
from orders.reconciliation.files import profiles_desk
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.plain import BadMapping
from orders.reconciliation.files.profile import EXAMPLES, SANDBOX_MAPPING
from orders.reconciliation.terms_desk import NewTerms, save_terms
from tests.factories import a_person, an_account
from tests.views.scenes import a_shop

pytestmark = pytest.mark.django_db

CHANGED = EXAMPLES["semicolon"].mapping
TERMS = NewTerms(
    time_zone="Europe/Berlin",
    cut_off=time(18, 30),
    business_days="12345",
    holidays=(date(2026, 12, 25),),
    delay_days=3,
    patience_days=1,
    fee_basis_points=150,
    fee_fixed=25,
    fee_currency="EUR",
    accept_limit=10_000,
    expected_from=None,
    drop_folder="north",
)


@pytest.fixture
def shop() -> tuple[GatewayAccount, User]:
    return a_shop("finance")


def drafted(shop: tuple[GatewayAccount, User], name: str = "daily") -> SettlementProfile:
    account, person = shop
    return profiles_desk.add_profile(account, name=name, mapping=SANDBOX_MAPPING, by=person, source=Source.PAGE)


def activated(profile: SettlementProfile, person: User, note: str = "The bank changed its file.") -> SettlementProfile:
    return profiles_desk.activate(profile.pk, note=note, by=person, source=Source.PAGE)


def saved(profile: SettlementProfile, person: User, mapping: Mapping = CHANGED) -> SettlementProfile:
    return profiles_desk.save_draft(
        profile.pk, mapping=mapping, tolerance_minor=2, tolerance_days=3, by=person, source=Source.PAGE
    )


def test_a_tolerance_above_what_one_person_may_accept_is_for_whoever_configures(
    shop: tuple[GatewayAccount, User],
) -> None:
    account, person = shop
    SettlementTerms.objects.create(account=account, accept_limit=1)
    profile = saved(drafted(shop), person)

    with pytest.raises(Refused, match="more than the 1 that one person may accept"):
        activated(profile, person)
    profile.refresh_from_db()
    assert profile.state == ProfileState.DRAFT

    chief = a_person(merchants=[account.merchant], groups=["finance", "integrator"])
    assert activated(profile, chief).state == ProfileState.ACTIVE


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1999, 12, 31), date(9999, 12, 31)])
def test_no_money_is_expected_from_a_day_that_no_calendar_can_count_with(
    shop: tuple[GatewayAccount, User], day: date
) -> None:
    account, person = shop
    with pytest.raises(Refused, match="between 2000 and 2100"):
        save_terms(account, replace(TERMS, expected_from=day), by=person, source=Source.PAGE)
    assert not SettlementTerms.objects.exists()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_survives_being_stored(name: str) -> None:
    mapping = EXAMPLES[name].mapping
    assert Mapping.from_json(mapping.to_json()) == mapping


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"surprise": 1}, "nobody knows"),
        ({"header": "yes"}, "wrong kind"),
        ({"skip_rows": True}, "wrong kind"),
        ({"skip_rows": -1}, "skipped"),
        ({"delimiter": "#"}, "delimiter"),
        ({"delimiter": ["x"]}, "wrong kind"),
        ({"columns": {}}, "gross or the net"),
        ({"columns": []}, "table"),
        ({"columns": {"gross": "amount"}}, "table"),
        ({"columns": {**SANDBOX_MAPPING.to_json()["columns"], "colour": {"column": "x"}}}, "colour"),
        ({"columns": {**SANDBOX_MAPPING.to_json()["columns"], "text": {"position": 900}}}, "between 1 and 200"),
        ({"columns": {**SANDBOX_MAPPING.to_json()["columns"], "text": {"column": "x", "position": 2}}}, "either"),
        ({"types": {"CAPTURE": "gift"}}, "gift"),
        ({"types": {}}, "type column mean"),
        ({"thousands_mark": "."}, "cannot be the same"),
        ({"signs": "by_marker"}, "belong together"),
        ({"time_zone": "Mars/Olympus"}, "time zone"),
        ({"only_currency": "euro"}, "currency code"),
        ({"account_value": "shop-1"}, "account"),
        ({"trailer": {"marker": "END"}}, "at least how many"),
        ({"trailer": {}}, "lacks"),
        ({"debit_words": "D"}, "list of words"),
    ],
)
def test_a_mapping_that_cannot_be_used_says_why(change: dict[str, Any], word: str) -> None:
    with pytest.raises(BadMapping, match=word):
        Mapping.from_json({**SANDBOX_MAPPING.to_json(), **change})


def test_a_profile_is_drafted_changed_and_activated_and_each_step_is_told(shop: tuple[GatewayAccount, User]) -> None:
    draft = drafted(shop)
    assert (draft.version, draft.state) == (1, ProfileState.DRAFT)
    assert saved(draft, shop[1]).pk == draft.pk
    active = activated(draft, shop[1])
    assert (active.state, active.note, active.activated_by) == (
        ProfileState.ACTIVE,
        "The bank changed its file.",
        shop[1],
    )
    assert Mapping.from_json(active.mapping) == CHANGED
    verbs = Event.objects.filter(merchant=shop[0].merchant, verb__startswith="settlement_profile.").order_by("pk")
    assert [event.verb.split(".")[1] for event in verbs] == ["made", "saved", "activated"]


def test_what_is_in_use_is_never_changed_but_followed_by_the_next_version(shop: tuple[GatewayAccount, User]) -> None:
    first = activated(drafted(shop), shop[1])
    second = saved(first, shop[1])
    assert (second.version, second.state) == (2, ProfileState.DRAFT)
    activated(second, shop[1])
    first.refresh_from_db()
    assert (first.state, Mapping.from_json(first.mapping)) == (ProfileState.RETIRED, SANDBOX_MAPPING)
    with pytest.raises(Refused, match="Version 2"):
        saved(first, shop[1])
    assert activated(first, shop[1], "The new one was wrong.").state == ProfileState.ACTIVE
    second.refresh_from_db()
    assert second.state == ProfileState.RETIRED


def test_a_second_activation_or_retirement_changes_nothing(shop: tuple[GatewayAccount, User]) -> None:
    active = activated(drafted(shop), shop[1])
    with pytest.raises(Refused, match="active already"):
        activated(active, shop[1])
    profiles_desk.retire(active.pk, by=shop[1], source=Source.PAGE)
    with pytest.raises(Refused, match="retired already"):
        profiles_desk.retire(active.pk, by=shop[1], source=Source.PAGE)


def test_an_activation_says_why(shop: tuple[GatewayAccount, User]) -> None:
    draft = drafted(shop)
    with pytest.raises(Refused, match="why"):
        activated(draft, shop[1], "  ")
    draft.refresh_from_db()
    assert draft.state == ProfileState.DRAFT


def test_a_name_is_taken_once(shop: tuple[GatewayAccount, User]) -> None:
    drafted(shop)
    with pytest.raises(Refused, match="already"):
        drafted(shop, " daily ")
    with pytest.raises(Refused, match="name"):
        drafted(shop, " ")


def test_tolerances_have_limits(shop: tuple[GatewayAccount, User]) -> None:
    with pytest.raises(Refused, match="off by at most"):
        profiles_desk.save_draft(
            drafted(shop).pk, mapping=CHANGED, tolerance_minor=10_001, tolerance_days=1, by=shop[1], source=Source.PAGE
        )


def test_nobody_else_changes_a_profile(shop: tuple[GatewayAccount, User]) -> None:
    draft = drafted(shop)
    agent = a_person("agent", merchants=[shop[0].merchant], groups=["agent"])
    stranger = a_person("stranger", merchants=[an_account().merchant], groups=["finance"])
    for person in (agent, stranger):
        with pytest.raises(Refused):
            activated(draft, person)
        with pytest.raises(Refused):
            saved(draft, person)
    draft.refresh_from_db()
    assert draft.state == ProfileState.DRAFT


def test_terms_are_kept_with_their_trace_and_the_second_time_changes_nothing(shop: tuple[GatewayAccount, User]) -> None:
    account, person = shop
    assert "saved" in save_terms(account, TERMS, by=person, source=Source.PAGE)
    row = SettlementTerms.objects.get(account=account)
    assert (row.cut_off, row.holidays, row.fee_basis_points) == (time(18, 30), ["2026-12-25"], 150)
    assert "nothing was changed" in save_terms(account, TERMS, by=person, source=Source.PAGE)
    events = Event.objects.filter(merchant=account.merchant, verb="settlement_terms.changed")
    assert [event.details["changes"]["delay_days"] for event in events] == [[2, 3]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"time_zone": "Nowhere"}, "time_zone"),
        ({"business_days": ""}, "business_days"),
        ({"business_days": "89"}, "business_days"),
        ({"delay_days": -1}, "delay_days"),
        ({"patience_days": 61}, "patience_days"),
        ({"fee_basis_points": 10_001}, "fee_basis_points"),
        ({"fee_fixed": -1}, "fee_fixed"),
        ({"fee_currency": ""}, "fee_currency"),
        ({"drop_folder": "../etc"}, "drop_folder"),
        ({"drop_folder": ".hidden"}, "drop_folder"),
        ({"holidays": tuple(date.fromordinal(738_000 + day) for day in range(501))}, "holidays"),
    ],
)
def test_terms_that_cannot_be_are_refused(
    shop: tuple[GatewayAccount, User], change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refusal:
        save_terms(shop[0], replace(TERMS, **change), by=shop[1], source=Source.PAGE)
    assert refusal.value.code == field
    assert not SettlementTerms.objects.filter(account=shop[0]).exists()


def test_whom_the_limit_of_accepting_limits_does_not_raise_it(shop: tuple[GatewayAccount, User]) -> None:
    account, finance = shop
    raised = replace(TERMS, accept_limit=1_000_000)
    with pytest.raises(Refused, match="configure"):
        save_terms(account, raised, by=finance, source=Source.PAGE)
    both = a_person("both", merchants=[account.merchant], groups=["finance", "integrator"])
    save_terms(account, raised, by=both, source=Source.PAGE)
    assert SettlementTerms.objects.get(account=account).accept_limit == 1_000_000


def test_a_drop_folder_belongs_to_one_account(shop: tuple[GatewayAccount, User]) -> None:
    account, person = shop
    save_terms(account, TERMS, by=person, source=Source.PAGE)
    other = an_account(merchant=account.merchant, name="other")
    with pytest.raises(Refused, match="Another account"):
        save_terms(other, replace(TERMS, drop_folder="North"), by=person, source=Source.PAGE)
