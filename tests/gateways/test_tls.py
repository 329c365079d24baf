"""TLS: certificates are verified, old versions are refused, the handshake keeps the URL's name."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from orders.gateways import wire
from orders.gateways.base import Fault
from tests.gateways.raw_server import read_request
from tests.gateways.test_http import OK, talk


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for gateway.example, key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gateway.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("gateway.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@contextlib.contextmanager
def tls_server(certificate: Path, *, newest: ssl.TLSVersion | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """One connection in TLS; gives the port and the list of requests."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if newest is not None:
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, newest
        context.set_ciphers("ALL:@SECLEVEL=0")
    listener = socket.create_server(("127.0.0.1", 0))
    requests: list[bytes] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            plain, _ = listener.accept()
            with plain, context.wrap_socket(plain, server_side=True) as secured:
                requests.append(read_request(secured))
                secured.sendall(OK)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], requests
    finally:
        listener.close()
        thread.join(5)


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = wire.tls_context.__wrapped__()
    context.load_verify_locations(certificate)
    monkeypatch.setattr(wire, "tls_context", lambda: context)


@pytest.mark.usefixtures("trusted")
def test_a_verified_certificate_opens_the_door(certificate: Path) -> None:
    with tls_server(certificate) as (port, requests):
        seen = talk(f"https://gateway.example:{port}", address="127.0.0.1")

    assert (seen.sent, seen.fault, seen.status) == (True, None, 200)
    assert f"Host: gateway.example:{port}".encode() in requests[0]


def test_an_unknown_issuer_is_refused_before_the_first_byte(certificate: Path) -> None:
    with tls_server(certificate) as (port, requests):
        seen = talk(f"https://gateway.example:{port}", address="127.0.0.1")

    assert (seen.sent, seen.fault, requests) == (False, Fault.TLS, [])


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused(certificate: Path) -> None:
    with tls_server(certificate) as (port, requests):
        seen = talk(f"https://other.example:{port}", address="127.0.0.1")

    assert (seen.sent, seen.fault, requests) == (False, Fault.TLS, [])


@pytest.mark.usefixtures("trusted")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_1_1_is_refused(certificate: Path) -> None:
    with tls_server(certificate, newest=ssl.TLSVersion.TLSv1_1) as (port, requests):
        seen = talk(f"https://gateway.example:{port}", address="127.0.0.1")

    assert (seen.sent, seen.fault, requests) == (False, Fault.TLS, [])


def test_the_context_verifies_and_is_made_once() -> None:
    context = wire.tls_context()

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert wire.tls_context() is context
