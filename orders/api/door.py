"""The one address of the API in Django's own list: whatever comes under `/api/v1/` is led to its room from here.

The rooms are loaded at the first request, because loading them takes half a second that workers and commands, which
read the list of addresses too, should not pay.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, URLResolver
from django.urls.resolvers import RegexPattern
from django.views.decorators.csrf import csrf_exempt

from orders.api.problems import Problem, not_found, problem_response, told_as_problem

DOCUMENT = "openapi.json"
_TAKES_A_BODY = frozenset({"POST", "PUT", "PATCH"})


@csrf_exempt
@login_not_required
def door(request: HttpRequest, path: str) -> HttpResponseBase:
    """Answer with the room's answer; every refusal is a problem. Cookies count nothing here, only tokens do."""
    try:
        if path == DOCUMENT:
            return told_as_problem(request, _document(request))
        _check_media_type(request)
        return told_as_problem(request, _room(request, path))
    except Problem as problem:
        return problem_response(request, problem)


def _room(request: HttpRequest, path: str) -> HttpResponse:
    try:
        match = _rooms().resolve(path)
    except Resolver404:
        raise not_found() from None
    answer: HttpResponse = match.func(request, *match.args, **match.kwargs)
    return answer


def _document(request: HttpRequest) -> HttpResponse:
    """The description of the API, for whoever holds a token or is logged in."""
    from orders.api.document import document_response

    return document_response(request)


def _check_media_type(request: HttpRequest) -> None:
    sends = bool(request.content_type) or request.META.get("CONTENT_LENGTH", "") not in ("", "0")
    if request.method in _TAKES_A_BODY and sends and request.content_type != "application/json":
        raise Problem(
            415,
            "media_type",
            "Send the body as JSON, with the header Content-Type: application/json. Nothing was done.",
        )


@cache
def _interface() -> Any:
    from orders.api.interface import build

    return build()


@cache
def _rooms() -> URLResolver:
    return URLResolver(RegexPattern(r"^"), _interface().urls[0])
