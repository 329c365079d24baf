"""The groups people are put into, and what each may do; `manage.py migrate` seeds them once."""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission

_AGENT = ("view_order", "capture", "cancel", "refund", "authorize")
GROUPS: dict[str, tuple[str, ...]] = {
    "viewer": ("view_order",),
    "agent": _AGENT,
    "supervisor": (*_AGENT, "repair", "export", "read_audit", "reconcile", "close_month"),
    "finance": ("view_order", "export", "read_audit", "reconcile", "close_month"),
    "integrator": ("view_order", "configure"),
}
"""Agents answer customers, supervisors repair, finance reconciles, closes months and exports,
integrators connect shops and gateways."""


def seeded_group(name: str) -> Group:
    """The group of this name; made with its permissions when it is missing, left as it is when it is there."""
    group, made = Group.objects.get_or_create(name=name)
    if made:
        group.permissions.set(Permission.objects.filter(content_type__app_label="orders", codename__in=GROUPS[name]))
    return group
