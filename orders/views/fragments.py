"""The only room that knows about htmx: whether a piece or a page is asked for, and how to lead elsewhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

SEE_OTHER = 303


def asks_for_fragment(request: HttpRequest) -> bool:
    """Whether htmx wants a piece; a boosted link and a step back in history want the whole page."""
    wants_page = {request.headers.get("HX-Boosted"), request.headers.get("HX-History-Restore-Request")}
    return request.headers.get("HX-Request") == "true" and "true" not in wants_page


def answer(
    request: HttpRequest, *, page: str, fragment: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """The fragment for htmx, the page for everybody else; caches are told that they differ."""
    template = fragment if asks_for_fragment(request) else page
    return _varying(render(request, template, context, status=status))


def go_to(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser to an address of ours (from `reverse`, never from the request): 303, or HX-Redirect for htmx."""
    if asks_for_fragment(request):
        return _varying(HttpResponse(headers={"HX-Redirect": url}))
    return _varying(HttpResponseRedirect(url, status=SEE_OTHER))


def _varying(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request"])
    return response
