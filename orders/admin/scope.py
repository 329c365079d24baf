"""What every page of the back office shares: who may enter it, whose rows are shown, and how rows are found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from orders.models import Merchant, Reference
from orders.permissions import permissions_anywhere

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin


def person_of(request: HttpRequest) -> User:
    """The person who is logged in; the admin lets nobody else come this far."""
    from django.contrib.auth.models import User

    assert isinstance(request.user, User)
    return request.user


class ReadOnly(Base):
    """Rows that nobody edits: no add, no change, no delete, whatever permissions somebody was given."""

    merchant_path = "merchant"
    """How a row leads to its merchant; empty for rows that belong to none."""
    needs = "view"
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.needs in permissions_anywhere(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if not self.merchant_path or request.user.is_superuser:
            return rows
        return rows.filter(**{f"{self.merchant_path}__in": Merchant.objects.of(person_of(request))})

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.get_fields(request, obj)]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:  # type: ignore[override]
        excluded = set(self.exclude or ())
        named = [field.name for field in self.model._meta.concrete_fields if field.name not in excluded]
        return [*named, *self.shown_also]

    shown_also: tuple[str, ...] = ()
    """Computed lines below the row's own fields."""


class FoundByReference(Base):
    """Search by any word that leads to an order, through the same index as the pages."""

    order_path = "order"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        word = search_term.strip().lower()[:255].replace("\0", "")
        if not word:
            return queryset, False
        orders = Reference.objects.filter(value__begins=word).values("order_id")
        return queryset.filter(**{f"{self.order_path}__in": orders}), False
