"""Two addresses for tests of sessions: a page that asks for a log-in, and one that a page would follow."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import path

from smartpay_dashboard.urls import urlpatterns as real_addresses


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page")


urlpatterns = [path("page/", page), path("live/page/", page), *real_addresses]
