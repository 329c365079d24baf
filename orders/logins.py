"""The audit log of who came in and who may do what: log-ins, people, memberships, groups and permissions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission, User
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save

from orders import audit
from orders.models import Membership, Source

_acting: ContextVar[tuple[User | None, Source]] = ContextVar("acting", default=(None, Source.COMMAND))
_WATCHED = {
    "username": "was renamed",
    "password": "has a new password",
    "is_active": "was {} to log in",
    "is_staff": "was {} to enter the admin",
    "is_superuser": "was {} to do everything",
}
_VERBS = {"post_add": "gained", "post_remove": "lost"}


def connect() -> None:
    """Listen; called once when the app is ready."""
    user_logged_in.connect(_logged_in, dispatch_uid="orders.logged_in")
    user_logged_out.connect(_logged_out, dispatch_uid="orders.logged_out")
    user_login_failed.connect(_log_in_refused, dispatch_uid="orders.log_in_refused")
    pre_save.connect(_remember_person, sender=User, dispatch_uid="orders.remember_person")
    post_save.connect(_person_saved, sender=User, dispatch_uid="orders.person_saved")
    post_save.connect(_joined, sender=Membership, dispatch_uid="orders.joined")
    post_delete.connect(_left, sender=Membership, dispatch_uid="orders.left")
    post_save.connect(_group_saved, sender=Group, dispatch_uid="orders.group_saved")
    post_delete.connect(_group_removed, sender=Group, dispatch_uid="orders.group_removed")
    for through in (User.groups.through, User.user_permissions.through, Group.permissions.through):
        m2m_changed.connect(_granted, sender=through, dispatch_uid=f"orders.granted.{through.__name__}")


@contextmanager
def acting(person: User | None, source: Source) -> Iterator[None]:
    """Name who makes the changes inside the block; the admin opens one around every change."""
    token = _acting.set((person, source))
    try:
        yield
    finally:
        _acting.reset(token)


def _logged_in(*, user: User, **_: Any) -> None:
    audit.record(verb="log_in", sentence=f"{user.username} logged in.", source=Source.PAGE, by=user)


def _logged_out(*, user: User | None, **_: Any) -> None:
    if user is not None:
        audit.record(verb="log_out", sentence=f"{user.username} logged out.", source=Source.PAGE, by=user)


def _log_in_refused(*, credentials: dict[str, Any], **_: Any) -> None:
    """A name nobody has is not kept: people type passwords into the wrong field."""
    typed = str(credentials.get("username") or credentials.get("email") or "")
    known = get_user_model().objects.filter(username=typed).values_list("username", flat=True).first()
    name = known or "an unknown name"
    audit.record_refusal(verb="log_in", sentence=f"A log-in as {name} was refused.", source=Source.PAGE)


def _remember_person(*, instance: User, update_fields: frozenset[str] | None = None, **_: Any) -> None:
    """Read what stands in the database, unless only something unwatched (the last log-in) is being saved."""
    watched = update_fields is None or not update_fields.isdisjoint(_WATCHED)
    before = User.objects.filter(pk=instance.pk).values(*_WATCHED).first() if instance.pk and watched else None
    instance._before = before if watched else {}  # type: ignore[attr-defined]


def _person_saved(*, instance: User, created: bool, **_: Any) -> None:
    before = instance.__dict__.pop("_before", None)
    if created:
        _record("person_added", f"{instance.username} was added as a person.", {"person": instance.pk})
        return
    for field in _WATCHED:
        if before and before[field] != getattr(instance, field):
            may = "allowed" if getattr(instance, field) is True else "forbidden"
            _record("person_changed", f"{instance.username} {_WATCHED[field].format(may)}.", {"person": instance.pk})


def _joined(*, instance: Membership, created: bool, **_: Any) -> None:
    sentence = f"{instance.user.username} now works for {instance.merchant.name}."
    if created:
        _record("membership_added", sentence, {"person": instance.user_id}, merchant=instance.merchant)


def _left(*, instance: Membership, **_: Any) -> None:
    sentence = f"{instance.user.username} no longer works for {instance.merchant.name}."
    _record("membership_removed", sentence, {"person": instance.user_id}, merchant=instance.merchant)


def _group_saved(*, instance: Group, created: bool, **_: Any) -> None:
    verb, done = ("group_added", "added") if created else ("group_saved", "saved")
    _record(verb, f"The group {instance.name} was {done}.", {"group": instance.name})


def _group_removed(*, instance: Group, **_: Any) -> None:
    _record("group_removed", f"The group {instance.name} was removed.", {"group": instance.name})


def _granted(*, instance: Model, action: str, model: type[Model], pk_set: set[int] | None, **_: Any) -> None:
    """Groups and permissions of a person, permissions of a group, from either end."""
    if action == "pre_clear":
        _record("permission_changed", f"{instance} lost all of its {_plural(model)}.", {"of": str(instance)})
    if action not in _VERBS or not pk_set:
        return
    names = ", ".join(sorted(_name(thing) for thing in model._default_manager.filter(pk__in=pk_set)))
    sentence = f"{_name(instance)} {_VERBS[action]} {_plural(model)}: {names}."
    _record("permission_changed", sentence, {"of": _name(instance), "changed": names[:500]})


def _plural(model: type[Model]) -> str:
    return str(model._meta.verbose_name_plural)


def _name(thing: Model) -> str:
    return thing.codename if isinstance(thing, Permission) else str(thing)


def _record(verb: str, sentence: str, details: dict[str, Any], **about: Any) -> None:
    person, source = _acting.get()
    audit.record(verb=verb, sentence=sentence, source=source, by=person, details=details, **about)
