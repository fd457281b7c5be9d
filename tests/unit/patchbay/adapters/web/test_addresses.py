import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchbay.adapters.web.addresses import is_public


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"])
def test_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "240.0.0.1"),
        *("100.64.0.1", "100.127.255.255", "192.0.0.192", "192.0.2.1", "198.18.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1", "64:ff9b:1::1"),
        *("64:ff9b::a9fe:a9fe", "::a9fe:a9fe", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2002:7f00:1::1"),
        *("2001:0:7f00:1::1", "::8.8.8.8"),
        *("", "localhost", "2852039166", "0xA9FEA9FE", "127.1", "0177.0.0.1", "1.2.3.4.5"),
    ],
)
def test_not_public(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses(v=4))
def test_wrapping_a_private_address_does_not_make_it_public(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    nat64 = ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) + number)
    mapped = ipaddress.IPv6Address((0xFFFF << 32) + number)
    for wrapped in (nat64, mapped):
        assert is_public(str(wrapped)) <= is_public(str(inner))
