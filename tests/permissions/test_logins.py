"""The audit log of people: who came in, who was refused, who may what from now on."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client
from django.urls import reverse

from orders.logins import acting
from orders.models import Event, Membership, Source
from tests.factories import PASSWORD, a_merchant, a_person

pytestmark = pytest.mark.django_db


def sentences() -> list[str]:
    return list(Event.objects.order_by("id").values_list("sentence", flat=True))


def log_in(username: str, password: str) -> Client:
    client = Client()
    client.post(reverse("account_login"), {"login": username, "password": password})
    return client


def test_a_log_in_and_a_log_out_are_events_with_their_person() -> None:
    person = a_person("anna")

    client = log_in("anna", PASSWORD)
    client.post(reverse("account_logout"))

    came, left = Event.objects.filter(verb__startswith="log_").order_by("id")
    assert (came.verb, left.verb) == ("log_in", "log_out")
    assert came.actor == left.actor == person


def test_a_refused_log_in_names_a_known_person_and_never_what_was_typed() -> None:
    a_person("anna")

    log_in("anna", "wrong password")
    log_in("my secret pass phrase", "x")

    refused = Event.objects.filter(verb="log_in", refused=True).order_by("id")
    assert [event.sentence for event in refused] == [
        "A log-in as anna was refused.",
        "A log-in as an unknown name was refused.",
    ]
    assert "pass phrase" not in str(list(Event.objects.values_list("sentence", "details")))


def test_a_log_in_itself_is_no_change_of_the_person() -> None:
    a_person("anna")
    before = Event.objects.filter(verb="person_changed").count()

    log_in("anna", PASSWORD)

    assert Event.objects.filter(verb="person_changed").count() == before


def test_memberships_groups_and_permissions_are_events_from_both_ends() -> None:
    person, merchant = a_person("anna", groups=[]), a_merchant("North")
    group = Group.objects.get(name="agent")

    membership = Membership.objects.create(user=person, merchant=merchant)
    person.groups.add(group)
    group.user_set.remove(person)
    person.user_permissions.add(Permission.objects.get(codename="repair"))
    person.user_permissions.clear()
    membership.delete()

    told = sentences()
    for sentence in (
        "anna now works for North.",
        "anna gained groups: agent.",
        "agent lost users: anna.",
        "anna gained permissions: repair.",
        "anna lost all of its permissions.",
        "anna no longer works for North.",
    ):
        assert sentence in told


def test_powers_given_to_a_person_are_told_one_by_one() -> None:
    person = a_person("anna", groups=[])
    person.is_staff = True
    person.is_superuser = True
    person.save()

    assert sentences()[-2:] == ["anna was allowed to enter the admin.", "anna was allowed to do everything."]


def test_a_group_that_is_made_and_removed_is_told() -> None:
    group = Group.objects.create(name="night shift")
    group.delete()

    assert sentences() == ["The group night shift was added.", "The group night shift was removed."]


def test_changes_name_who_made_them_inside_the_block_and_nobody_after_it() -> None:
    author = a_person("root", groups=[])

    with acting(author, Source.ADMIN):
        User.objects.create_user("first")
    User.objects.create_user("second")

    first, second = Event.objects.filter(verb="person_added").order_by("id")[1:]
    assert (first.actor, first.source) == (author, "admin")
    assert (second.actor, second.source) == (None, "command")
