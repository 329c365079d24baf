"""Which addresses a shop may give: an https URL of the public internet, checked like a gateway's, path and all."""

from __future__ import annotations

import urllib.parse

from django.conf import settings

from orders.gateways.addresses import BaseUrlRefused, check_base_url


class ShopUrlRefused(ValueError):
    """The text cannot be an endpoint; the message is a sentence."""


def check_shop_url(url: str) -> str:
    """The URL in one spelling. Raises ShopUrlRefused."""
    bare, question, query = url.strip().partition("?")
    if "#" in query or not query.isascii() or not query.isprintable() or " " in query:
        raise ShopUrlRefused("An endpoint is plain ASCII without spaces and without “#”; nothing was saved.")
    try:
        base = check_base_url(bare, allow_insecure=settings.ALLOW_INSECURE_GATEWAYS)
    except BaseUrlRefused as refusal:
        said = str(refusal).replace("A base URL", "An endpoint").replace("gateway", "shop")
        raise ShopUrlRefused(f"{said} Nothing was saved.") from refusal
    # A slash at the end means something to many shop systems, so it is kept.
    slash = "/" if bare.endswith("/") else ""
    return f"{base}{slash}{question}{query}"


def split(url: str) -> tuple[str, str]:
    """(scheme and host, path with its query) of a checked URL."""
    parts = urllib.parse.urlsplit(url)
    path = parts.path or "/"
    return f"{parts.scheme}://{parts.netloc}", path + (f"?{parts.query}" if parts.query else "")
