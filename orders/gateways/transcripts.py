"""What was said, written down for staff: without secrets, without personal data, at most 64 KiB."""

from __future__ import annotations

import functools
import json
import re
import urllib.parse
from collections.abc import Callable, Mapping

from orders.gateways.base import Door

Scrub = Callable[[str, Door], str]
"""Takes a transcript and the door it was spoken through; returns it without secrets and personal data."""

TRANSCRIPT_BYTES = 64 * 1024
SHORTEST_SECRET = 4

_SECRET_HEADERS = re.compile(r"(?im)^((?:proxy-)?authorization|cookie|set-cookie|x-access-token):.*$")
_EMAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}(?:@|%40|\\u0040)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")


def write_transcript(first_line: str, headers: Mapping[str, str], body: bytes, *, door: Door, scrub: Scrub) -> str:
    """First line, headers, empty line, body. Scrubbed before it is cut, so that no secret is cut in half."""
    lines = [first_line, *(f"{name}: {value}" for name, value in headers.items())]
    text = "\n".join(lines) + "\n\n" + body.decode("utf-8", "replace")
    # Databases refuse NUL in text; the picture of it tells the same.
    return _cut(scrub(text, door).replace("\x00", "\u2400"))


def mask_secrets(text: str, *, secrets: Mapping[str, str]) -> str:
    """Replace each secret (key) by its mask (value), in every spelling it may have, and empty the telling headers."""
    for secret, mask in secrets.items():
        for spelling in _spellings(secret):
            text = text.replace(spelling, mask)
    return _SECRET_HEADERS.sub(r"\1: (removed)", text)


def mask_fields(text: str, *, names: frozenset[str], mask: Callable[[str], str]) -> str:
    """Mask the values of JSON fields by name, also in text that was cut in the middle and is no JSON any more."""
    pattern = _field_pattern(names)
    return pattern.sub(lambda found: found["before"] + mask(found["text"] or "") + found["after"], text)


def mask_emails(text: str) -> str:
    """E-mail addresses wherever they stand, in free text too."""
    return _EMAIL.sub("(e-mail)", text)


def last_four(secret: str) -> str:
    """An identifier recognisable but not usable: its last four characters."""
    return f"…{secret[-4:]}" if len(secret) > 8 else "…"


@functools.cache
def _field_pattern(names: frozenset[str]) -> re.Pattern[str]:
    wanted = "|".join(re.escape(name) for name in sorted(names))
    return re.compile(
        rf'(?P<before>"(?:{wanted})"\s*:\s*"?)(?P<text>(?<=")(?:[^"\\]|\\.)*|(?<!")-?[0-9][0-9.eE+-]*)(?P<after>"?)'
    )


def _spellings(secret: str) -> set[str]:
    if len(secret) < SHORTEST_SECRET:
        return set()
    return {secret, json.dumps(secret)[1:-1], urllib.parse.quote(secret, safe="")}


def _cut(text: str) -> str:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= TRANSCRIPT_BYTES:
        return text
    note = f"\n… cut here; the whole had {len(encoded)} bytes."
    return encoded[: TRANSCRIPT_BYTES - len(note.encode())].decode("utf-8", "ignore") + note
