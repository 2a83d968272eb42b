"""Which hosts and addresses tenants' administrators may enter (security case ADM-09).

Names are resolved, and connections made, in tests/connections/test_outgoing.py.
"""

import pytest

from ostiary.core.outgoing import find_literal, is_allowed, is_plain_host

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "2606:4700:4700::1111",
    "2a00:1450:4001::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]
NOT_PUBLIC = [
    "0.0.0.0",  # noqa: S104 - not bound to
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.1.1.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "2001:0:808:808:0:0:80ff:fffe",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_allowed(address: str) -> None:
    """Addresses that IANA gave out, also within the forms that carry IPv4."""
    assert is_allowed(address, ())


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_nothing_else_is_allowed(address: str) -> None:
    """Loopback, private, link-local, metadata, test, group and reserved addresses.

    RFC 6890, RFC 4291, RFC 6761, and what carries one of them: RFC 4291 §2.5.5.2,
    RFC 3056, RFC 4380 (a client at 127.0.0.1), RFC 6052.
    """
    assert not is_allowed(address, ())


@pytest.mark.parametrize(
    ("address", "networks", "allowed"),
    [
        ("10.1.2.3", ("10.0.0.0/8",), True),
        ("10.1.2.3", ("10.1.2.3/32", "127.0.0.0/8"), True),
        ("11.0.0.1", ("10.0.0.0/8",), True),
        ("10.1.2.3", ("10.1.2.0/31",), False),
        ("::ffff:10.1.2.3", ("10.0.0.0/8",), True),
        ("64:ff9b::a01:203", ("10.0.0.0/8",), True),
        ("::ffff:127.0.0.1", ("::/0",), False),
        ("::1", ("127.0.0.0/8",), False),
        ("fd12::1", ("fd12::/16",), True),
        ("fe80::1%1", ("fe80::/10",), False),
    ],
)
def test_networks_of_the_operator(
    address: str, networks: tuple[str, ...], allowed: bool
) -> None:
    """What they hold is allowed, beside the internet; an IPv4 address is judged as one.

    A scope names an interface of this machine: never.
    """
    assert is_allowed(address, networks) is allowed


@pytest.mark.parametrize(
    "host",
    [
        "login.example",
        "LOGIN.Example.COM",
        "keycloak",
        "a-b.c_d.example",
        "xn--bcher-kva.example",
        "3com.example",
        "8.8.8.8",
        "2606:4700::1111",
        "a" * 63 + ".example",
    ],
)
def test_hosts_as_people_write_them(host: str) -> None:
    """Names of letters, digits and hyphens, and addresses."""
    assert is_plain_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        ".",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "0x7f.1",
        "0x7f.0x0.0x0.0x1",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "127.0.0.01",
        "1.2.3.4.5",
        "256.256.256.256",
        "example.0x",
        "example.1",
        "localhost.",
        "127.0.0.1.",
        "login.example.",
        "a..example",
        ".example",
        "-a.example",
        "a-.example",
        "a" * 64 + ".example",
        "a." * 127 + "a",
        "１２７.0.0.1",
        "127。0。0。1",
        "①②⑦.0.0.1",
        "١٢٧.0.0.1",
        "bücher.example",
        "loc\u00adalhost",
        "user@127.0.0.1",
        "good.example\\@127.0.0.1",
        "good.example#@127.0.0.1",
        "good.example/127.0.0.1",
        "good.example:80",
        "good.example 127.0.0.1",
        "good.example\t",
        "good.example\n",
        "good.example\r\nX: y",
        "good.example\0.bad",
        "%31%32%37.0.0.1",
        "[::1]",
        "::1%lo",
        "fe80::1%25eth0",
        "[::ffff:127.0.0.1]",
    ],
)
def test_odd_spellings(host: str) -> None:
    """Whatever two readers of an address could take for two hosts is refused."""
    assert not is_plain_host(host)


def test_an_address_is_known_as_one() -> None:
    """Exactly four numbers in decimal, or IPv6 without brackets or scope."""
    assert str(find_literal("127.0.0.1")) == "127.0.0.1"
    assert str(find_literal("0:0:0:0:0:0:0:1")) == "::1"
    assert find_literal("fe80::1%eth0") is None
    assert find_literal("127.1") is None
    assert find_literal("localhost") is None
