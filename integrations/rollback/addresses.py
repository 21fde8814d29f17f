"""Where an operator's rollback address may lead: checked once, resolved once, and pinned to what was checked.

An address comes from the operator's systems.yaml only. Even so it is checked on every use, because a name can point to
somewhere else tomorrow. Whatever a redirect or a second look-up would say is never asked.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

from integrations.errors import OutsideServiceError
from integrations.rollback.base import TargetError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# They hand out credentials to whoever asks from inside, on addresses that do not all look special:
# AWS over IPv6, Alibaba Cloud, Azure's host agent, Oracle Cloud. 169.254.169.254 is link-local.
METADATA = frozenset(
    ipaddress.ip_address(text) for text in ("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
_DEFAULT_PORTS = {"https": 443, "http": 80, "ssh": 22}
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
# As WHATWG's URL standard has it: a last label of digits or of 0x is an IPv4 address to some reader.
_NUMERIC_END = re.compile(r"(^|\.)([0-9]+|0x[0-9a-f]*)$")


@dataclass(frozen=True)
class Place:
    """An address that was checked: `url` as written, and the one `address` that may be connected to."""

    url: str
    scheme: str
    host: str
    port: int
    address: Address

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must stay the same in every request."""
        return self.scheme, self.host, self.port


def locate(url: str, *, allow_private: bool, schemes: tuple[str, ...] = ("https", "http")) -> Place:
    """Check an operator's address, resolve its name, and answer with the one address to connect to.

    Refused: other schemes, user names, numbers that are IP addresses in disguise, names of which any address is not
    public. `allow_private` is the operator's explicit word for one entry: private and loopback addresses, and plain
    http to them. Link-local, multicast, unspecified and cloud metadata addresses stay refused.
    Raises TargetError; OutsideServiceError when the name cannot be resolved now.
    """
    parts = _split(url)
    if parts.scheme not in schemes:
        raise TargetError(f"The address {_shown(url)} must begin with {' or '.join(schemes)}://.")
    host, port = _host(url, parts), _port(url, parts)
    addresses = _resolve(host, port)
    for address in addresses:
        _check(host, address, allow_private)
    if parts.scheme == "http" and any(_plain(address).is_global for address in addresses):
        raise TargetError(f"The address {_shown(url)} is public, so it must be https.")
    return Place(url, parts.scheme, host, port, addresses[0])


class PinnedTransport(httpx.HTTPTransport):
    """Connects to the checked address whatever the name resolves to by then, and to nothing else.

    The certificate is still checked against the name.
    """

    def __init__(self, place: Place, *, verify: object = True) -> None:
        super().__init__(verify=verify, trust_env=False)  # type: ignore[arg-type]
        self._place = place

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send to the pinned address. Raises TargetError for a request to anywhere else."""
        url = request.url
        if (url.scheme, url.host, url.port or _DEFAULT_PORTS.get(url.scheme)) != self._place.origin:
            raise TargetError(f"A request to {url.host} was stopped: only {self._place.host} is configured.")
        request.extensions = {**request.extensions, "sni_hostname": self._place.host}
        request.url = url.copy_with(host=str(self._place.address))
        try:
            return super().handle_request(request)
        finally:
            request.url = url


def _split(url: str) -> SplitResult:
    if not url.isascii() or not url.isprintable() or set(url) & set(' \\"<>^`{|}'):
        raise TargetError(f"The address {_shown(url)} holds characters that no address has.")
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises for a port that is no number
    except ValueError as error:
        raise TargetError(f"The address {_shown(url)} cannot be read: {error}.") from None
    if parts.username is not None or parts.password is not None:
        raise TargetError("An address must not hold a user name or a password; name a variable in token_env instead.")
    return parts


def _host(url: str, parts: SplitResult) -> str:
    host = (parts.hostname or "").lower()
    if parts.netloc.startswith("["):
        try:
            address = ipaddress.IPv6Address(host)
        except ValueError:
            address = None
        if address is None or address.scope_id is not None:
            raise TargetError(f"The address {_shown(url)} has no valid IPv6 host.")
        return str(address)
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        pass
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise TargetError(f"The address {_shown(url)} has no valid host name.")
    if _NUMERIC_END.search(host):
        raise TargetError(f"The address {_shown(url)} writes an IP address in an unusual way.")
    return host


def _port(url: str, parts: SplitResult) -> int:
    port = parts.port if parts.port is not None else _DEFAULT_PORTS[parts.scheme]
    if port == 0:
        raise TargetError(f"The address {_shown(url)} has no valid port.")
    return port


def _resolve(host: str, port: int) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OutsideServiceError(host, "its name cannot be resolved. Nothing was sent.") from error
    addresses = [ipaddress.ip_address(str(entry[4][0])) for entry in found]
    if not addresses:
        raise OutsideServiceError(host, "its name has no address. Nothing was sent.")
    return addresses


def _check(host: str, address: Address, allow_private: bool) -> None:
    meant = _plain(address)
    if (
        meant in METADATA
        or meant.is_link_local
        or meant.is_multicast
        or meant.is_unspecified
        or (meant.is_reserved and not meant.is_loopback)
    ):
        raise TargetError(f"{host} leads to {meant}, which no rollback may call. Nothing was sent.")
    if not meant.is_global and not allow_private:
        raise TargetError(
            f"{host} leads to {meant}, which is not public. Nothing was sent. "
            "If this is meant, write allow_private: true into the target's entry."
        )


def _plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 form carries inside, where it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address.teredo is not None:
            return address.teredo[1]
        if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052
_COMPATIBLE = ipaddress.IPv6Network("::/96")  # RFC 4291, deprecated; ::1 and :: are what they say


def _shown(url: str) -> str:
    """An address in an error: bounded, printable, and without a user name, a query or a fragment."""
    bare = re.sub(r"//[^/@]*@", "//", url.partition("?")[0].partition("#")[0])
    return "".join(character if character.isprintable() else "?" for character in bare)[:120]
