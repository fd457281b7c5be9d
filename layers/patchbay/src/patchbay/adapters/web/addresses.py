"""Which addresses on the network may be called on a user's word. Anything not plainly public is refused.

`ipaddress.is_global` alone lets embedded private addresses through (NAT64, IPv4-compatible, 6to4), so those are
unwrapped first and judged by what they lead to.
"""

import ipaddress

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_REFUSED = (
    ipaddress.IPv4Network("100.64.0.0/10"),  # RFC 6598: shared by carriers, and where clouds keep services
    ipaddress.IPv4Network("192.0.0.0/24"),  # RFC 6890; 192.0.0.192 is a cloud's metadata service
    ipaddress.IPv6Network("fec0::/10"),  # RFC 3879: site-local, deprecated but still routed by some
    _LOCAL_NAT64,
)


def is_public(address: str) -> bool:
    """Whether a numeric address is a public unicast one, and leads to no other."""
    try:
        found: _Address = ipaddress.ip_address(address.split("%", maxsplit=1)[0])
    except ValueError:
        return False
    if "%" in address:
        return False
    return all(_plainly_public(each) for each in (found, *_embedded(found)))


def _embedded(address: _Address) -> list[_Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner: list[_Address | None] = [address.ipv4_mapped, address.sixtofour]
    if address in _NAT64 or address in _COMPATIBLE:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    if address.teredo:
        inner.extend(address.teredo)
    return [each for each in inner if each is not None]


def _plainly_public(address: _Address) -> bool:
    if any(address in network for network in _REFUSED if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv6Address) and (address in _NAT64 or address.ipv4_mapped or address.sixtofour):
        return True  # judged by the address inside
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified
