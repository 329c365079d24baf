"""What every request passes: headers that Django does not set by itself, and the life of a session."""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

Answer = Callable[[HttpRequest], HttpResponse]
View = Callable[..., Any]

BEGAN_AT = "began_at"
SEEN_AT = "seen_at"
# A click within this time of the last one is not written down: one row update a minute is enough.
SEEN_EVERY_SECONDS = 60
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def headers(get_response: Answer) -> Answer:
    """No page may be stored by a browser or a proxy (they show customers); fragments vary by who asks."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["Permissions-Policy"] = PERMISSIONS_POLICY
        patch_vary_headers(response, ["HX-Request"])
        if _logged_out(request):
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    return middleware


def session_lifetime(get_response: Answer) -> Answer:
    """End a session that is too old; count clicks, but not the polls of a page that is left open, as activity."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            began_at = request.session.setdefault(BEGAN_AT, now)
            if now - began_at >= settings.SESSION_ABSOLUTE_SECONDS:
                logout(request)
            elif not is_poll(request) and now - request.session.get(SEEN_AT, 0) >= _seen_every():
                request.session[SEEN_AT] = now
        return get_response(request)

    return middleware


def posted_addresses(get_response: Answer) -> Answer:
    """An address that only takes posts, opened by a reload or from the history, says so instead of staying blank."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and request.method == "GET" and not response.content:
            page = render(request, "405.html", status=response.status_code)
            page.headers["Allow"] = response.headers["Allow"]
            return page
        return response

    return middleware


class LogInFirst(LoginRequiredMiddleware):
    """After the log-in a page comes: what was posted by a session that had ended leads back to where it was posted."""

    def handle_no_permission(self, request: HttpRequest, view_func: View) -> HttpResponseRedirect:
        if request.method in ("GET", "HEAD"):
            return super().handle_no_permission(request, view_func)
        return redirect_to_login(_page_before(request), self.get_login_url(view_func))


def is_poll(request: HttpRequest) -> bool:
    """A page following something by itself: asked by htmx, under an address with /live/ in it."""
    return request.headers.get("HX-Request") == "true" and "/live/" in request.path


def _seen_every() -> int:
    return min(SEEN_EVERY_SECONDS, settings.SESSION_IDLE_SECONDS // 3)


def _page_before(request: HttpRequest) -> str:
    """The path of our own page that posted; the first page when the browser does not tell."""
    parts = urlsplit(request.headers.get("Referer", ""))
    return parts.path if parts.netloc == request.get_host() else "/"


def _logged_out(request: HttpRequest) -> bool:
    return request.method == "POST" and request.path == "/logout/"
