"""Mapping profiles: the list, a new one, and one version with what the first lines of a file become."""

from __future__ import annotations

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from orders.models import Merchant, SettlementProfile, Source
from orders.modifications.refusals import Refused
from orders.permissions import permissions_of
from orders.presenters.reconciliation import profiles
from orders.presenters.timeline import id_from
from orders.profile_forms import ActivationForm, NewProfileForm, ProfileForm
from orders.reconciliation.files import profiles_desk
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.plain import BadMapping
from orders.reconciliation.files.profile import EXAMPLES, SANDBOX_MAPPING
from orders.views.answers import refusal_as_message
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.reconciliation.scope import require_at, today_of
from orders.views.scope import StaffRequest, require

INVALID = 422


@require_GET
def profile_list(request: StaffRequest) -> HttpResponse:
    """Every version of every profile, newest first, and the accounts with their terms."""
    require(request.user, "view")
    page = profiles.page_of(request.user, after=id_from(request.GET.get("after", "")))
    return render(request, "reconciliation/profile_list.html", {"place": "reconciliation", "page": page})


@require_http_methods(["GET", "POST"])
def profile_new(request: StaffRequest) -> HttpResponse:
    """Draft a profile from an example or a copy."""
    require(request.user, "reconcile")
    accounts = {account.pk: account for account in profiles.accounts_of(request.user)}
    allowed = [
        (pk, account.name)
        for pk, account in accounts.items()
        if "reconcile" in permissions_of(request.user, account.merchant_id)
    ]
    starts = profiles.starts_of(request.user)
    form = NewProfileForm(request.POST or None, accounts=allowed, starts=starts)
    if request.method == "POST" and form.is_valid():
        mapping, minor, days = _start(request, form.cleaned_data["start"])
        try:
            made = profiles_desk.add_profile(
                accounts[int(form.cleaned_data["account"])],
                name=form.cleaned_data["name"],
                mapping=mapping,
                tolerance_minor=minor,
                tolerance_days=days,
                by=request.user,
                source=Source.PAGE,
            )
        except Refused as refusal:
            form.add_error("name" if refusal.code == "name" else None, refusal.sentence)
        else:
            messages.success(request, f"{made} is a draft; nothing is read with it until it is activated.")
            return go_to(request, reverse("orders:profile", args=[made.pk]))
    context = {"place": "reconciliation", "form": form, "title": "New profile"}
    return render(request, "reconciliation/profile_new.html", context, status=INVALID if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def profile(request: StaffRequest, profile_id: int) -> HttpResponse:
    """One version: its mapping beside the first lines of a file; a change is tried before it is saved."""
    found = _find(request, profile_id)
    minor, days = found.tolerance_minor, found.tolerance_days
    if request.method == "GET":
        return _page(request, found, ProfileForm(mapping=_mapping(found), tolerance_minor=minor, tolerance_days=days))
    require_at(request.user, "reconcile", found.account.merchant_id)
    form = ProfileForm(request.POST, mapping=_mapping(found), tolerance_minor=minor, tolerance_days=days)
    if not form.is_valid():
        return _page(request, found, form, status=INVALID)
    if request.POST.get("act") != "save":
        return _page(request, found, form)
    try:
        saved = profiles_desk.save_draft(
            found.pk,
            mapping=form.mapping,
            tolerance_minor=form.cleaned_data["tolerance_minor"],
            tolerance_days=form.cleaned_data["tolerance_days"],
            by=request.user,
            source=Source.PAGE,
        )
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _page(request, found, form, status=INVALID)
    messages.success(request, f"{saved} is saved as a draft; files are read with it once it is activated.")
    return go_to(request, reverse("orders:profile", args=[saved.pk]))


@post_from_our_pages
def activation_create(request: StaffRequest, profile_id: int) -> HttpResponse:
    """Use this version from now on."""
    found = _find(request, profile_id)
    form = ActivationForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    with refusal_as_message(request):
        active = profiles_desk.activate(found.pk, note=note, by=request.user, source=Source.PAGE)
        messages.success(request, f"{active} is active: the next file of {found.account.name} is read with it.")
    return go_to(request, reverse("orders:profile", args=[found.pk]))


@post_from_our_pages
def retirement_create(request: StaffRequest, profile_id: int) -> HttpResponse:
    """Use this version no longer."""
    found = _find(request, profile_id)
    with refusal_as_message(request):
        retired = profiles_desk.retire(found.pk, by=request.user, source=Source.PAGE)
        messages.success(request, f"{retired} is retired; files that were read with it stay as they are.")
    return go_to(request, reverse("orders:profile", args=[found.pk]))


def _page(request: StaffRequest, found: SettlementProfile, form: ProfileForm, *, status: int = 200) -> HttpResponse:
    today, uploaded = today_of(request), request.FILES.get("sample")
    sample: profiles.Sample | None
    if isinstance(uploaded, UploadedFile):
        sample = profiles.sample_of(form.mapping, uploaded.name or "Sample", uploaded.chunks(), today)
    else:
        sample = profiles.stored_sample(form.mapping, found.account, today)
    context = {
        "place": "reconciliation",
        "row": profiles.row_of(found),
        "unusable": _unusable(found),
        "form": form,
        "sample": sample,
        "versions": profiles.versions_of(found),
        "may_change": "reconcile" in permissions_of(request.user, found.account.merchant_id),
        "activation": ActivationForm(),
    }
    return render(request, "reconciliation/profile.html", context, status=status)


def _find(request: StaffRequest, profile_id: int) -> SettlementProfile:
    require(request.user, "view")
    rows = SettlementProfile.objects.filter(account__merchant__in=Merchant.objects.of(request.user))
    found = rows.select_related("account__merchant", "made_by", "activated_by").filter(pk=profile_id).first()
    if found is None:
        raise Http404("There is nothing here for you.")
    return found


def _mapping(found: SettlementProfile) -> Mapping:
    """The version's mapping; the sandbox's where what is stored can no longer be used."""
    try:
        return Mapping.from_json(found.mapping)
    except BadMapping:
        return SANDBOX_MAPPING


def _unusable(found: SettlementProfile) -> str:
    """Why the stored mapping cannot be used; empty when it can."""
    try:
        Mapping.from_json(found.mapping)
    except BadMapping as problem:
        return str(problem)
    return ""


def _start(request: StaffRequest, start: str) -> tuple[Mapping, int, int]:
    kind, _, name = start.partition("-")
    if kind == "copy":
        found = _find(request, int(name))
        return _mapping(found), found.tolerance_minor, found.tolerance_days
    return EXAMPLES[name].mapping, 0, 5
