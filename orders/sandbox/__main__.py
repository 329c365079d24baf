"""python -m orders.sandbox --port P --data DIR [--host H] [--merchant KEY:SECRET ...]: the sandbox as a process."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from orders.sandbox.server import Sandbox, Server


def main() -> None:
    """Listen, say so in one line, and end cleanly on SIGTERM or SIGINT."""
    chosen = _arguments()
    sandbox = Sandbox(chosen.data, host=chosen.host)
    for key, secret in chosen.merchant:
        sandbox.ledger.add_merchant(key, secret)
    try:
        server = Server(sandbox, host=chosen.host, port=chosen.port)
    except OSError as error:
        sandbox.close()
        sys.exit(f"The sandbox cannot listen on {chosen.host}:{chosen.port}: {error.strerror}. Choose another --port.")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: _stop(server))
    sandbox.start()
    print(f"sandbox ready on http://{_bracketed(chosen.host)}:{server.port}", flush=True)
    server.serve()
    sandbox.close()
    # Threads that hang or drip on purpose must not delay the end; the ledger is closed.
    os._exit(0)


def _stop(server: Server) -> FrameType | None:
    server.stop()
    return None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m orders.sandbox",
        description="Three pretended payment gateways: A under /smartpay, B under /smartpay-orders/v1, C under "
        "/smarterpay. Pages for people are at /, the control doors under /_control.",
    )
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder of the ledger; made when missing")
    parser.add_argument("--host", default="127.0.0.1", help="anything but loopback opens the control doors to others")
    parser.add_argument(
        "--merchant",
        type=_merchant,
        action="append",
        default=[],
        metavar="KEY:SECRET",
        help="A: merchant key and authentication key; B: a name and sk_test_… or sk_live_…; C: a name and the token",
    )
    return parser.parse_args()


def _merchant(text: str) -> tuple[str, str]:
    key, _, secret = text.partition(":")
    if not key or len(key) > 36 or not secret:
        raise argparse.ArgumentTypeError("a merchant is KEY:SECRET, the key at most 36 characters")
    return key, secret


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


if __name__ == "__main__":
    main()
