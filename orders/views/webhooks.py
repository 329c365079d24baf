"""The address of each account to which its gateway sends webhooks: no log-in, no form token, proofs of its own."""

from __future__ import annotations

import hmac
from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from orders.inbox.receive import BODY_MAXIMUM, receive
from orders.models import GatewayAccount


@csrf_exempt
@login_not_required
@require_POST
def webhook(request: HttpRequest, token: str) -> HttpResponse:
    """Keep it and answer; 404 for an address that is nobody's, 413 for more than 64 KiB."""
    account = _account_of(token)
    if account is None:
        raise Http404("Nobody receives anything here.")
    if _stated_length(request) > BODY_MAXIMUM:
        return _too_large()
    body = request.read(BODY_MAXIMUM + 1)
    if len(body) > BODY_MAXIMUM:
        return _too_large()
    answer = receive(account, headers=dict(request.headers), body=body)
    response = _plain(answer.sentence, answer.status)
    if answer.retry_after_seconds:
        response.headers["Retry-After"] = str(answer.retry_after_seconds)
    return response


def _account_of(token: str) -> GatewayAccount | None:
    """Every account's token is compared in constant time, so that the time of an answer leads nobody to one."""
    given = token.encode()
    tokens = GatewayAccount.objects.order_by("pk").values_list("pk", "webhook_token")
    found = [pk for pk, known in tokens if hmac.compare_digest(known.encode(), given)]
    return GatewayAccount.objects.get(pk=found[0]) if found else None


def _stated_length(request: HttpRequest) -> int:
    stated = request.headers.get("Content-Length", "")
    return int(stated) if stated.isascii() and stated.isdigit() else 0


def _too_large() -> HttpResponse:
    sentence = f"A webhook has at most {BODY_MAXIMUM // 1024} KiB; nothing was kept."
    return _plain(sentence, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def _plain(sentence: str, status: int) -> HttpResponse:
    return HttpResponse(f"{sentence}\n" if sentence else "", status=status, content_type="text/plain; charset=utf-8")
