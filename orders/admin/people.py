"""Merchants, people, memberships, groups: edited by superusers only; every change is in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest, HttpResponse

from orders import audit
from orders.admin.scope import person_of
from orders.logins import acting
from orders.models import Membership, Merchant, Source

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
    Memberships = admin.TabularInline[Membership, Any]
    People = UserAdmin[User]
else:
    Base, Memberships, People = admin.ModelAdmin, admin.TabularInline, UserAdmin


class ForSuperusers(Base):
    """Who may change people could make themselves anything, so it takes a superuser. Nobody is deleted."""

    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The audit log names people and merchants for ever; a person is disabled instead."""
        return False

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        with acting(person_of(request), Source.ADMIN):
            return super().changeform_view(request, *args, **options)


class MembershipInline(Memberships):
    model = Membership
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A membership is added or removed, never turned into another."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser


@admin.register(Merchant)
class MerchantAdmin(ForSuperusers):
    list_display = ("name", "time_zone")
    search_fields = ("name",)
    ordering = ("name",)
    inlines = [MembershipInline]

    def save_model(self, request: HttpRequest, obj: Merchant, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        what = f"Of merchant {obj.name} was changed: {', '.join(form.changed_data)}."
        audit.record(
            verb="merchant.changed" if change else "merchant.added",
            sentence=what if change else f"Merchant {obj.name} was added.",
            source=Source.ADMIN,
            by=person_of(request),
            merchant=obj,
        )


admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(ForSuperusers, People):
    inlines = [MembershipInline]
    list_display = ("username", "first_name", "last_name", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")

    def user_change_password(self, request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        with acting(person_of(request), Source.ADMIN):
            return super().user_change_password(request, *args, **options)


@admin.register(Group)
class PermissionGroupAdmin(ForSuperusers, GroupAdmin):
    pass
