"""What a person may do at a merchant: their groups' permissions, at the merchants they are a member of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from django.contrib.auth.models import Permission
from django.db.models import Q

from orders.models import Membership

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

Kept = TypeVar("Kept")

WORDS = {
    "view_order": "view",
    "capture": "capture",
    "cancel": "cancel",
    "refund": "refund",
    "authorize": "authorize",
    "repair": "repair",
    "configure": "configure",
    "export": "export",
    "reconcile": "reconcile",
    "close_month": "close_month",
}
"""Codenames in the database (app label `orders`) and the words the rules use for them."""

EVERYTHING = frozenset(WORDS.values())
NOTHING: frozenset[str] = frozenset()


def permissions_of(person: User | AnonymousUser, merchant_id: int) -> frozenset[str]:
    """Those of WORDS that the person may do at this merchant.

    A superuser may do everything everywhere, an inactive person nothing anywhere. The answer is kept on the person
    object, which lives for one request; whoever must see a revocation (the worker before it sends) loads the person
    anew.
    """
    words = permissions_anywhere(person)
    if not words or person.is_superuser or merchant_id in _kept(person, "_merchants_joined", _merchants_of):
        return words
    return NOTHING


def permissions_anywhere(person: User | AnonymousUser) -> frozenset[str]:
    """What the person's groups and own permissions allow, at whichever merchant they are a member of."""
    if not person.is_active or person.pk is None:
        return NOTHING
    if person.is_superuser:
        return EVERYTHING
    return _kept(person, "_words_granted", _words_granted_to)


def remember_merchants(person: User, merchant_ids: Iterable[int]) -> None:
    """Spare a query where all the person's merchants were read already. The ids must be complete."""
    person._merchants_joined = frozenset(merchant_ids)  # type: ignore[attr-defined]


def _words_granted_to(person_id: int) -> frozenset[str]:
    """One query for both roads: the person's groups and what was given to the person directly."""
    codenames = Permission.objects.filter(
        Q(group__user=person_id) | Q(user=person_id), content_type__app_label="orders", codename__in=WORDS
    ).values_list("codename", flat=True)
    return frozenset(WORDS[codename] for codename in codenames)


def _merchants_of(person_id: int) -> frozenset[int]:
    return frozenset(Membership.objects.filter(user_id=person_id).values_list("merchant_id", flat=True))


def _kept(person: User | AnonymousUser, name: str, find: Callable[[int], frozenset[Kept]]) -> frozenset[Kept]:
    if not hasattr(person, name):
        assert person.pk is not None
        setattr(person, name, find(person.pk))
    found: frozenset[Kept] = getattr(person, name)
    return found
