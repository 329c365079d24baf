"""Which addresses a gateway may have: an https URL of the public internet, resolved once (security O1)."""

from __future__ import annotations

import ipaddress
import re
import socket
import urllib.parse

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

URL_MAXIMUM = 512
DEFAULT_PORTS = {"https": 443, "http": 80}

# Public by their numbers, yet a cloud host's own or kept for protocols; Python's versions disagree on some.
_NEVER = tuple(ipaddress.ip_network(text) for text in ("168.63.129.16/32", "192.0.0.0/24", "192.88.99.0/24"))
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_HOST = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_HOME_NAMES = ("localhost", "local", "internal", "lan", "home.arpa", "localdomain", "intranet")


class BaseUrlRefused(ValueError):
    """The text cannot be a gateway's base URL; the message is a sentence."""


class AddressRefused(ValueError):
    """The host stands in a network that no gateway may stand in; the message is a sentence."""


class DidNotResolve(ValueError):
    """The host name has no address at the moment; the message is a sentence."""


def check_base_url(url: str, *, allow_insecure: bool) -> str:
    """The URL in one spelling: lower-case scheme and host, no default port, no trailing slash.

    `allow_insecure` lets in http and addresses of this machine or network (ALLOW_INSECURE_GATEWAYS).
    Raises BaseUrlRefused.
    """
    parts = _parts(url)
    _check_scheme(parts.scheme, allow_insecure=allow_insecure)
    host = _checked_host(parts)
    if not allow_insecure:
        _check_not_at_home(host)
    return f"{parts.scheme}://{_bracketed(host)}{_port_suffix(parts)}{_checked_path(parts.path)}"


def resolve(base_url: str, *, allow_private: bool) -> str:
    """One IP address to connect to, asked for once, so that a second answer of the name server changes nothing.

    When any address of the name is refused all are. Raises AddressRefused or DidNotResolve.
    """
    parts = urllib.parse.urlsplit(base_url)
    host = parts.hostname or ""
    addresses = _addresses_of(host, parts.port or DEFAULT_PORTS.get(parts.scheme, 443))
    if not allow_private:
        for address in addresses:
            if not _is_public(ipaddress.ip_address(address)):
                leads = f"The gateway’s host is {host}" if host == address else f"{host} leads to {address}"
                raise AddressRefused(
                    f"{leads}, which is not an address of the public internet. Nothing was sent; "
                    "correct the account's base URL, or set ALLOW_INSECURE_GATEWAYS=1 if this is a sandbox."
                )
    return addresses[0]


def _parts(url: str) -> urllib.parse.SplitResult:
    if not url or len(url) > URL_MAXIMUM:
        raise BaseUrlRefused(f"A base URL has between 1 and {URL_MAXIMUM} characters.")
    if not url.isascii() or not url.isprintable() or any(character in url for character in ' \\"<>^`{|}'):
        raise BaseUrlRefused("A base URL is plain ASCII without spaces; write international names in their xn-- form.")
    if "?" in url or "#" in url:
        raise BaseUrlRefused("A base URL has no “?” and no “#”; the paths of the gateway are added to it.")
    try:
        parts = urllib.parse.urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise BaseUrlRefused("This is not a URL; it looks like https://gateway.example/path.") from error
    return parts


def _check_scheme(scheme: str, *, allow_insecure: bool) -> None:
    if scheme == "http" and not allow_insecure:
        raise BaseUrlRefused("The gateway must be reached by https; http is allowed for tests only.")
    if scheme not in DEFAULT_PORTS:
        raise BaseUrlRefused("A base URL begins with https://.")


def _checked_host(parts: urllib.parse.SplitResult) -> str:
    if "@" in parts.netloc:
        raise BaseUrlRefused("A base URL carries no user name or password; keys belong in their own fields.")
    if parts.port == 0 or parts.netloc.endswith(":"):
        raise BaseUrlRefused("The port is a number from 1 to 65535.")
    host = (parts.hostname or "").removesuffix(".")
    if "%" in host or (":" not in host and _HOST.fullmatch(host) is None):
        raise BaseUrlRefused("The host is missing or is not a host name.")
    if _literal(host) is None and host.rpartition(".")[2].isdigit():
        raise BaseUrlRefused("The host looks like an IP address but is none.")
    return host


def _check_not_at_home(host: str) -> None:
    literal = _literal(host)
    if literal is not None and not _is_public(literal):
        raise BaseUrlRefused(f"{host} is not an address of the public internet; it is allowed for tests only.")
    if literal is None and ("." not in host or host.endswith(tuple(f".{name}" for name in _HOME_NAMES))):
        raise BaseUrlRefused(f"{host} is a name of this machine or network; it is allowed for tests only.")


def _checked_path(path: str) -> str:
    trimmed = path.rstrip("/")
    if _PATH.fullmatch(trimmed) is None:
        raise BaseUrlRefused("The path may hold letters, digits, “.”, “_”, “~” and “-” between single slashes.")
    return trimmed


def _port_suffix(parts: urllib.parse.SplitResult) -> str:
    return "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _literal(host: str) -> IpAddress | None:
    """The address a host spells out, also in the short, octal and hexadecimal forms that inet_aton knows."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except OSError:
        return None


def _addresses_of(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DidNotResolve(f"The host name {host} has no address at the moment; nothing was sent.") from error
    return [str(entry[4][0]) for entry in found]


def _is_public(address: IpAddress) -> bool:
    """Whether an address and every IPv4 address packed into it belong to the public internet."""
    packed = _packed_ipv4(address)
    if packed is not None:
        return _is_public(packed)
    refused = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not refused and not any(address in network for network in _NEVER)


def _packed_ipv4(address: IpAddress) -> ipaddress.IPv4Address | None:
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
