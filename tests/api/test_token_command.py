"""`manage.py api_token`: a token printed once, the list without secrets, revoking."""

from __future__ import annotations

import pytest
from django.utils import timezone

from orders.models import ApiToken, Event, Source
from orders.tokens import token_of
from tests import factories
from tests.commands.running import Ended, run

pytestmark = pytest.mark.django_db


def create(*more: str, by: str = "root", scopes: str = "orders:read,orders:write") -> Ended:
    words = ("--merchant", "North", "--name", "webshop", "--scopes", scopes, "--by", by)
    return run("api_token", "create", *words, *more)


@pytest.fixture(autouse=True)
def _people() -> None:
    merchant = factories.a_merchant("North")
    factories.a_person("root", groups=[], is_superuser=True)
    factories.a_person("agent", merchants=[merchant])


def test_a_token_is_printed_once_and_listed_without_its_secret() -> None:
    made = create("--days", "30")
    plain = made.out.strip()

    assert made.code == 0
    assert token_of(plain, now=timezone.now()).scopes == ["orders:read", "orders:write"]
    listed = run("api_token", "list")
    assert plain[:14] in listed.out
    assert plain[20:] not in f"{listed.out}{run('api_token', 'list', '--json').out}"
    event = Event.objects.get(verb="api_token.created")
    assert (event.source, event.actor.username if event.actor else "") == (Source.COMMAND, "root")


def test_revoking_by_prefix() -> None:
    create()
    prefix = ApiToken.objects.get().prefix

    assert run("api_token", "revoke", prefix, "--by", "root").code == 0
    assert run("api_token", "revoke", "nobody", "--by", "root").code == 2
    assert ApiToken.objects.get().revoked_at is not None


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"by": "nobody"}, 2),
        ({"by": "agent"}, 1),
        ({"scopes": "everything"}, 1),
        ({"scopes": ","}, 1),
    ],
)
def test_what_is_refused_makes_nothing(more: dict[str, str], code: int) -> None:
    ended = create(**more)

    assert ended.code == code
    assert ended.err
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("days", ["0", "-1", "4000"])
def test_a_token_lives_a_sensible_time(days: str) -> None:
    assert create("--days", days).code == 2
    assert not ApiToken.objects.exists()
