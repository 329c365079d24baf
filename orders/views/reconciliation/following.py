"""What a page asks for every second while it follows a file or a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

NOTHING_NEW = 204
STOP_POLLING = 286
"""htmx: swap this answer in and stop polling."""


def followed(request: HttpRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """The part that moves, by `context["progress"]`: 204 while nothing is new, and the end stops the asking."""
    progress = context["progress"]
    if progress.moving and request.GET.get("seen") == progress.mark:
        return HttpResponse(status=NOTHING_NEW)
    status = 200 if progress.moving else STOP_POLLING
    return render(request, template, {**context, "ended": not progress.moving}, status=status)
