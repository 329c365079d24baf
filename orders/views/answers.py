"""How a view answers when a verb says no: the rule's own sentence, and 404 for what is not there for this person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import Http404, HttpRequest

from orders.modifications.refusals import Refused, UnknownThing


@contextmanager
def refusal_as_message(request: HttpRequest) -> Iterator[None]:
    """Run a verb; its refusal becomes a notice on the page the person is sent to."""
    try:
        yield
    except UnknownThing as unknown:
        raise Http404(unknown.sentence) from unknown
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
