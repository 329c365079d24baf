"""The audit log, its seals and the signs of life: looked at, never touched."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from orders.admin.scope import FoundByReference, ReadOnly
from orders.models import Event, EventSeal, Heartbeat


class AuditReadOnly(ReadOnly):
    """Rows of the audit log; reading it is a permission of its own."""

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("orders.read_audit")


@admin.register(Event)
class EventAdmin(FoundByReference, AuditReadOnly):
    search_fields = ("pk",)
    list_display = ("id", "at", "actor", "source", "verb", "refused", "sentence")
    list_filter = ("source", "refused")
    list_select_related = ("actor",)
    ordering = ("-id",)


@admin.register(EventSeal)
class EventSealAdmin(AuditReadOnly):
    merchant_path = "event__merchant"
    list_display = ("sequence", "event", "hash", "sealed_at")
    list_select_related = ("event",)
    ordering = ("-sequence",)


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnly):
    merchant_path = ""
    list_display = ("name", "at", "note")
    ordering = ("name",)
