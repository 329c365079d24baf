"""People, memberships and groups: superusers only, nobody is deleted, every change names its author."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from orders.models import Event, Membership
from tests.factories import a_merchant, a_person

pytestmark = pytest.mark.django_db


def person_form(person: User, **changes: object) -> dict[str, object]:
    return {
        "username": person.username,
        "is_active": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        "memberships-TOTAL_FORMS": "0",
        "memberships-INITIAL_FORMS": "0",
        **changes,
    }


def test_a_group_and_a_membership_given_on_the_page_are_in_the_log_with_their_author(
    office: Client, administrator: User
) -> None:
    person, merchant = a_person("anna", groups=[]), a_merchant("North")
    membership = {
        "memberships-TOTAL_FORMS": "1",
        "memberships-0-merchant": merchant.pk,
        "memberships-0-user": person.pk,
        "groups": [Group.objects.get(name="supervisor").pk],
    }

    answer = office.post(reverse("admin:auth_user_change", args=[person.pk]), person_form(person, **membership))

    assert answer.status_code == 302, answer.context["errors"]
    assert Membership.objects.get().merchant == merchant
    told = Event.objects.filter(actor=administrator, source="admin").values_list("sentence", flat=True)
    assert "anna gained groups: supervisor." in told
    assert "anna now works for North." in told


def test_disabling_a_person_is_told(office: Client) -> None:
    person = a_person("anna", groups=[])
    form = person_form(person)
    del form["is_active"]

    office.post(reverse("admin:auth_user_change", args=[person.pk]), form)

    person.refresh_from_db()
    assert not person.is_active
    assert Event.objects.filter(sentence="anna was forbidden to log in.").exists()


def test_a_new_password_is_told_and_not_shown(office: Client, administrator: User) -> None:
    person = a_person("anna", groups=[])
    words = "a brand new pass phrase"

    office.post(
        reverse("admin:auth_user_password_change", args=[person.pk]),
        {"password1": words, "password2": words, "usable_password": "true"},
    )

    event = Event.objects.get(sentence="anna has a new password.")
    assert event.actor == administrator
    assert words not in str(list(Event.objects.values_list("sentence", "details")))


def test_a_permission_taken_from_a_group_is_told(office: Client) -> None:
    group = Group.objects.get(name="viewer")

    office.post(reverse("admin:auth_group_change", args=[group.pk]), {"name": "viewer", "permissions": []})

    assert Event.objects.filter(sentence="viewer lost permissions: view_order.").exists()


def test_nobody_is_deleted(office: Client) -> None:
    person = a_person("anna")

    answer = office.post(reverse("admin:auth_user_delete", args=[person.pk]), {"post": "yes"})

    assert answer.status_code == 403
    assert User.objects.filter(username="anna").exists()


@pytest.mark.parametrize("group", ["supervisor", "integrator"])
def test_staff_who_are_no_superusers_change_no_people(group: str) -> None:
    person = a_person(groups=[group], is_staff=True)
    client = Client()
    client.force_login(person)

    for name in ("auth_user", "auth_group", "orders_merchant"):
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 403
    promoted = client.post(
        reverse("admin:auth_user_change", args=[person.pk]), person_form(person, is_superuser="on", is_staff="on")
    )
    person.refresh_from_db()
    assert promoted.status_code == 403
    assert not person.is_superuser
