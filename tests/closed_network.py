"""A closed network: tests reach this host and nothing else, so that no test ever depends on, or pays, the outside."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex


class NetworkClosed(Exception):
    """Not an OSError on purpose: code under test would take that for a gateway's fault and go on."""


def close_network() -> None:
    socket.socket.connect = _guarded_connect  # type: ignore[assignment, method-assign]
    socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[assignment, method-assign]


def open_network() -> None:
    socket.socket.connect = _connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _connect_ex  # type: ignore[method-assign]


def _guarded_connect(self: socket.socket, address: Any) -> None:
    _refuse_outside(self, address)
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    _refuse_outside(self, address)
    return _connect_ex(self, address)


def _refuse_outside(caller: socket.socket, address: Any) -> None:
    if caller.family in {socket.AF_INET, socket.AF_INET6} and not _is_this_host(str(address[0])):
        raise NetworkClosed(f"A test tried to reach {address[0]}; the network is closed except for this host.")


def _is_this_host(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
