"""Who may what where: groups × merchants, and the cache that never outlives the person object."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from pytest_django import DjangoAssertNumQueries

from orders.groups import GROUPS
from orders.models import Membership, Merchant
from orders.permissions import EVERYTHING, WORDS, permissions_anywhere, permissions_of
from tests.factories import a_merchant, a_person

pytestmark = pytest.mark.django_db

EXPECTED = {
    "viewer": {"view"},
    "agent": {"view", "capture", "cancel", "refund", "authorize"},
    "supervisor": {
        *("view", "capture", "cancel", "refund", "authorize", "repair", "export", "reconcile", "close_month"),
    },
    "finance": {"view", "export", "reconcile", "close_month"},
    "integrator": {"view", "configure"},
}


@pytest.mark.parametrize("group", EXPECTED)
def test_a_group_may_what_it_is_for_at_its_merchants_and_nothing_elsewhere(group: str) -> None:
    own, other = a_merchant(), a_merchant()
    person = a_person(merchants=[own], groups=[group])

    assert permissions_of(person, own.pk) == EXPECTED[group]
    assert permissions_of(person, other.pk) == frozenset()


def test_the_migration_seeds_the_groups_that_the_code_names() -> None:
    seeded = {
        group.name: set(group.permissions.values_list("codename", flat=True))
        for group in Group.objects.filter(name__in=GROUPS)
    }

    assert seeded == {name: set(codenames) for name, codenames in GROUPS.items()}


def test_supervisors_and_finance_read_the_audit_log_and_agents_do_not() -> None:
    may = {name: a_person(groups=[name]).has_perm("orders.read_audit") for name in GROUPS}

    assert {name for name, allowed in may.items() if allowed} == {"supervisor", "finance"}


def test_a_superuser_may_everything_everywhere_until_disabled() -> None:
    person = a_person(groups=[], is_superuser=True)

    assert permissions_of(person, a_merchant().pk) == EVERYTHING == set(WORDS.values())
    person.is_active = False
    assert permissions_of(person, a_merchant().pk) == frozenset()


def test_a_disabled_person_and_a_stranger_may_nothing_and_see_no_merchant() -> None:
    merchant = a_merchant()
    person = a_person(merchants=[merchant], is_active=False)

    for somebody in (person, AnonymousUser()):
        assert permissions_of(somebody, merchant.pk) == frozenset()
        assert permissions_anywhere(somebody) == frozenset()
        assert not Merchant.objects.of(somebody).exists()


def test_several_groups_and_a_permission_of_ones_own_add_up() -> None:
    merchant = a_merchant()
    person = a_person(merchants=[merchant], groups=["viewer", "finance"])
    person.user_permissions.add(Permission.objects.get(codename="cancel", content_type__app_label="orders"))

    assert permissions_of(person, merchant.pk) == {"view", "export", "cancel", "reconcile", "close_month"}


def test_a_permission_of_another_app_with_the_same_name_counts_nothing() -> None:
    merchant = a_merchant()
    person = a_person(merchants=[merchant], groups=[])
    foreign = Permission.objects.exclude(content_type__app_label="orders").select_related("content_type")[0]
    Permission.objects.filter(pk=foreign.pk).update(codename="refund")
    person.user_permissions.add(foreign)

    assert permissions_of(person, merchant.pk) == frozenset()


def test_asking_again_in_one_request_costs_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    merchants = [a_merchant() for _ in range(3)]
    person = User.objects.get(pk=a_person(merchants=merchants).pk)

    with django_assert_num_queries(2):
        for merchant in merchants * 3:
            permissions_of(person, merchant.pk)


def test_the_next_request_sees_a_revocation_at_once() -> None:
    merchant = a_merchant()
    person = a_person(merchants=[merchant])
    permissions_of(person, merchant.pk)

    Membership.objects.all().delete()

    assert permissions_of(User.objects.get(pk=person.pk), merchant.pk) == frozenset()
