"""Doors in front of a gateway that are closed at first: connecting is refused until one is opened.

A bound socket that does not listen refuses every connection, as a gateway whose process is down does.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

from tests.proofs.processes import Child


class Gates:
    """So many doors in a process of their own, told through a pipe which of them to open."""

    def __init__(self, lead_to: Sequence[int], *, log: Path) -> None:
        """One door for each port that is to be led to."""
        told_here, told_there = os.pipe()
        orders_there, self._orders = os.pipe()
        self._open: set[int] = set()
        self.child = Child(lambda: _keep(lead_to, told_there, orders_there), log=log)
        os.close(told_there)
        os.close(orders_there)
        with os.fdopen(told_here) as told:
            self.ports: list[int] = json.loads(told.readline())

    def open(self, number: int) -> None:
        """Let connections through from now on; opening twice is opening once."""
        if number not in self._open:
            self._open.add(number)
            os.write(self._orders, f"{number}\n".encode())


def _keep(lead_to: Sequence[int], told: int, orders: int) -> None:
    doors = [_closed_door() for _ in lead_to]
    os.write(told, (json.dumps([door.getsockname()[1] for door in doors]) + "\n").encode())
    with os.fdopen(orders) as lines:
        for line in lines:
            door = doors[int(line)]
            door.listen(16)
            threading.Thread(target=_let_in, args=(door, lead_to[int(line)]), daemon=True).start()


def _closed_door() -> socket.socket:
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    return door


def _let_in(door: socket.socket, lead_to: int) -> None:
    while True:
        caller, _ = door.accept()
        threading.Thread(target=_connect, args=(caller, lead_to), daemon=True).start()


def _connect(caller: socket.socket, lead_to: int) -> None:
    beyond = socket.create_connection(("127.0.0.1", lead_to))
    threading.Thread(target=_pass_on, args=(beyond, caller), daemon=True).start()
    _pass_on(caller, beyond)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        target.close()
