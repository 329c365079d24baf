"""Keys of the JSON API: the list, a new one that is shown once, and revoking."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from orders.models import ApiToken, Merchant, Source
from orders.token_form import TokenForm
from orders.tokens import SCOPES, TokenRefused, create_token, revoke_token
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, require

INVALID = 422


@require_GET
def token_list(request: StaffRequest) -> HttpResponse:
    """Every token of the person's merchants: what it may do, and when it was last used."""
    require(request.user, "configure")
    rows = _tokens(request).order_by("merchant__name", "revoked_at", "name")
    now = timezone.now()
    context = {
        "place": "tokens",
        "rows": [(row, *_state(row, expired=row.expires_at is not None and row.expires_at <= now)) for row in rows],
        "scopes": {scope: meaning for scope, (meaning, _) in SCOPES.items()},
        "address": request.build_absolute_uri("/api/v1/"),
    }
    return render(request, "orders/tokens.html", context)


@require_http_methods(["GET", "POST"])
def token_new(request: StaffRequest) -> HttpResponse:
    """Make a token; it is shown once, on the page that answers."""
    require(request.user, "configure")
    form = TokenForm(request.POST or None, merchants=Merchant.objects.of(request.user))
    if request.method == "GET" or not form.is_valid():
        return _form(request, form)
    try:
        made = create_token(
            merchant=form.cleaned_data["merchant"],
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=form.expires_at,
            by=request.user,
            source=Source.PAGE,
        )
    except TokenRefused as refusal:
        form.add_error(None, str(refusal))
        return _form(request, form)
    context = {"place": "tokens", "made": made, "address": request.build_absolute_uri("/api/v1/")}
    return render(request, "orders/tokens_made.html", context)


@require_GET
def token_revocation(request: StaffRequest, token_id: UUID) -> HttpResponse:
    """Say what revoking means before it is done."""
    return render(request, "orders/tokens_revocation.html", {"place": "tokens", "token": _find(request, token_id)})


@post_from_our_pages
def revocation_create(request: StaffRequest, token_id: UUID) -> HttpResponse:
    """Nobody comes in with it any more."""
    token = _find(request, token_id)
    try:
        revoke_token(token=token, by=request.user, source=Source.PAGE)
    except TokenRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, f"{token.name} is revoked; nobody comes in with it any more.")
    return go_to(request, reverse("orders:token_list"))


def _tokens(request: StaffRequest) -> QuerySet[ApiToken]:
    return ApiToken.objects.of(request.user).select_related("merchant", "created_by")


def _find(request: StaffRequest, token_id: UUID) -> ApiToken:
    found = _tokens(request).filter(pk=token_id).first()
    if found is None:
        raise Http404("There is nothing here for you.")
    require(request.user, "configure")
    return found


def _state(token: ApiToken, *, expired: bool) -> tuple[str, str]:
    """Tone and word of the badge."""
    if token.revoked_at is not None:
        return "quiet", "Revoked"
    return ("careful", "Expired") if expired else ("good", "Active")


def _form(request: StaffRequest, form: TokenForm) -> HttpResponse:
    return render(
        request, "orders/tokens_new.html", {"place": "tokens", "form": form}, status=INVALID if form.is_bound else 200
    )
