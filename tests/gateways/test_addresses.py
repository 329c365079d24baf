"""Base URLs and addresses: what may be a gateway's, and every trick that may not (security O1)."""

from __future__ import annotations

import socket

import pytest

from orders.gateways.addresses import AddressRefused, BaseUrlRefused, DidNotResolve, check_base_url, resolve

HOSTILE_URLS = [
    "",
    "gateway.example",
    "//gateway.example",
    "http://gateway.example",
    "ftp://gateway.example",
    "file:///etc/passwd",
    "gopher://gateway.example",
    "javascript:alert(1)",
    "https://",
    "https:///path",
    "https://user@gateway.example",
    "https://user:word@gateway.example",
    "https://gateway.example@evil.example",
    "https://gateway.example?x=1",
    "https://gateway.example?",
    "https://gateway.example#x",
    "https://gateway.example#@evil.example",
    "https://gateway.example\\@evil.example",
    "https://gateway.example/a b",
    "https://gateway.example/\r\nHost: evil",
    "https://gateway.example/%2e%2e/x",
    "https://gateway.example/../x",
    "https://gateway.example//x",
    "https://gateway.example:0",
    "https://gateway.example:99999",
    "https://gateway.example:abc",
    "https://gateway.example:",
    "https://ｇateway.example",
    "https://localhost",
    "https://LOCALHOST:8000",
    "https://a.localhost",
    "https://printer.local",
    "https://db.internal",
    "https://intranet",
    "https://127.0.0.1",
    "https://127.1",
    "https://2130706433",
    "https://0x7f000001",
    "https://0177.0.0.1",
    "https://0.0.0.0",
    "https://10.0.0.1",
    "https://172.16.5.4",
    "https://192.168.1.1",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1",
    "https://100.100.100.200",
    "https://168.63.129.16",
    "https://224.0.0.1",
    "https://255.255.255.255",
    "https://1.2.3.256",
    "https://[::1]",
    "https://[::]",
    "https://[fe80::1]",
    "https://[fe80::1%25eth0]",
    "https://[fd00:ec2::254]",
    "https://[::ffff:127.0.0.1]",
    "https://[::ffff:a9fe:a9fe]",
    "https://[64:ff9b::a9fe:a9fe]",
    "https://[2002:7f00:1::]",
    "https://[ff02::1]",
    "https://[::1",
    "https://" + "a" * 600 + ".example",
]

REFUSED_ADDRESSES = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.1", "169.254.169.254"),
    *("100.64.0.1", "100.127.255.255", "192.0.0.192", "198.18.0.1", "203.0.113.5", "224.0.0.1", "240.0.0.1"),
    *("255.255.255.255", "168.63.129.16", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:a00:1::", "2001:db8::1", "::7f00:1"),
]


@pytest.mark.parametrize("url", HOSTILE_URLS)
def test_a_hostile_base_url_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(BaseUrlRefused, match=r"\.$"):
        check_base_url(url, allow_insecure=False)


def test_there_are_enough_hostile_urls() -> None:
    assert len(set(HOSTILE_URLS)) == len(HOSTILE_URLS) >= 40


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://gateway.example", "https://gateway.example"),
        ("HTTPS://Gateway.Example:443/", "https://gateway.example"),
        ("https://gateway.example.:8443/smartpay/v2/", "https://gateway.example:8443/smartpay/v2"),
        ("https://xn--bcher-kva.example/a-b_c~d/e.f", "https://xn--bcher-kva.example/a-b_c~d/e.f"),
        ("https://8.8.8.8", "https://8.8.8.8"),
        ("https://[2606:4700::1111]:8443", "https://[2606:4700::1111]:8443"),
    ],
)
def test_a_base_url_is_brought_to_one_spelling(url: str, normal: str) -> None:
    assert check_base_url(url, allow_insecure=False) == normal
    assert check_base_url(normal, allow_insecure=False) == normal


@pytest.mark.parametrize("url", ["http://127.0.0.1:8400/smartpay", "http://localhost:80", "https://[::1]:1"])
def test_a_test_gateway_is_let_in_only_when_insecure_ones_are_allowed(url: str) -> None:
    assert check_base_url(url, allow_insecure=True).removesuffix(":80") in url
    with pytest.raises(BaseUrlRefused):
        check_base_url(url, allow_insecure=False)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "http://u:p@127.0.0.1", "http://127.0.0.1/?a", "http://a b"])
def test_allowing_insecure_gateways_allows_nothing_else(url: str) -> None:
    with pytest.raises(BaseUrlRefused):
        check_base_url(url, allow_insecure=True)


@pytest.mark.parametrize("address", REFUSED_ADDRESSES)
def test_a_name_that_leads_into_a_private_network_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering_with(address))

    with pytest.raises(AddressRefused, match="Nothing was sent"):
        resolve("https://gateway.example", allow_private=False)
    assert resolve("https://gateway.example", allow_private=True) == address


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"])
def test_a_public_address_is_taken(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering_with(address))

    assert resolve("https://gateway.example", allow_private=False) == address


def test_one_private_address_among_public_ones_spoils_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering_with("93.184.216.34", "127.0.0.1"))

    with pytest.raises(AddressRefused):
        resolve("https://gateway.example", allow_private=False)


def test_short_and_numeric_spellings_of_home_are_seen_through() -> None:
    for host in ("127.1", "2130706433", "0x7f.1", "localhost"):
        with pytest.raises(AddressRefused):
            resolve(f"https://{host}", allow_private=False)


def test_a_name_without_address_says_so() -> None:
    with pytest.raises(DidNotResolve, match="nothing was sent"):
        resolve("https://nowhere.invalid", allow_private=False)


def answering_with(*addresses: str) -> object:
    def getaddrinfo(_host: str, port: int, **_more: object) -> list[tuple[object, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return getaddrinfo
