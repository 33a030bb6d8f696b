"""Where a source is: a Postgres address, taken apart strictly, and checked before anything connects to it."""

import ipaddress
import re
import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

from nexus import settings
from nexus.db import session as own
from nexus.errors import BadInput
from nexus.sources.spec import SourceUnavailable

SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
OWN = "nexus-own"
"""Scheme of a role in Nexus's own database: where that is, is asked at each connection, so a moved database needs no change."""


class WrongAddress(BadInput):
    message = "That is not an address of a Postgres database. It looks like postgresql://user:password@host:5432/database."


@dataclass(frozen=True)
class Address:
    """One database of one server. The password is left out of its text."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    sslmode: str = "prefer"
    own: bool = False
    """In Nexus's own database; host, port and database are then not known here."""

    @property
    def shown(self) -> str:
        """For administrators: without the password."""
        return f"Nexus's own database, as {self.user}" if self.own else f"{self.user}@{self.host}:{self.port}/{self.database}"

    @property
    def url(self) -> str:
        user, password = quote(self.user, safe=""), quote(self.password, safe="")
        if self.own:
            return f"{OWN}://{user}:{password}@own/own"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{user}:{password}@{host}:{self.port}/{quote(self.database, safe='')}?sslmode={self.sslmode}"


def own_role(role: str, password: str) -> Address:
    return Address(host="", port=0, database="", user=role, password=password, own=True)


def stored(url: str) -> Address:
    """The address of a row. What was checked when it was written is not judged again here."""
    parts = urlsplit(url)
    if parts.scheme == OWN:
        return own_role(unquote(parts.username or ""), unquote(parts.password or ""))
    return _parsed(parts)


def parse(url: str) -> Address:
    """An administrator's address. Raises WrongAddress; no message repeats any part that may hold the password."""
    url = url.strip(" ")
    if not url or len(url) > 2000 or re.search(r"[\s\x00-\x1f\x7f\\]", url):
        raise WrongAddress("An address has no spaces, line breaks or backslashes in it; write special characters as %XX.")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise WrongAddress() from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise WrongAddress("Only postgresql:// and postgres:// addresses can be sources; drivers and other databases cannot.")
    return _parsed(parts)


def _parsed(parts: SplitResult) -> Address:
    host_part = parts.netloc.rpartition("@")[2]
    if "," in host_part:
        raise WrongAddress("Give one host; a list of hosts is not accepted.")
    try:
        host, port = parts.hostname or "", parts.port or 5432
    except ValueError:
        raise WrongAddress("The port of the address must be a number from 1 to 65535.") from None
    if not host or "%" in host or host.startswith("/"):
        raise WrongAddress("Name a host; sockets are not accepted.")
    if "@" in parts.netloc.rpartition("@")[0]:
        raise WrongAddress("Write an @ in the user name or password as %40, a : as %3A and a / as %2F.")
    if not re.fullmatch(r"[A-Za-z0-9._:-]{1,253}", host):
        raise WrongAddress("The host has characters that no host name has.")
    _judge_numbers(host)
    user, password, database = unquote(parts.username or ""), unquote(parts.password or ""), unquote(parts.path.removeprefix("/"))
    if not user or not database or "/" in database:
        raise WrongAddress("Name a user and a database: postgresql://user:password@host:5432/database.")
    if any(re.search(r"[\x00-\x1f\x7f]", text) for text in (user, password, database)):
        raise WrongAddress("User, password and database have no control characters in them.")
    if "=" in database or "://" in database:
        raise WrongAddress("The name of the database looks like another address; name the database alone.")
    if parts.fragment:
        raise WrongAddress("Write a # in the password as %23.")
    return Address(host=host.lower(), port=port, database=database, user=user, password=password, sslmode=_sslmode(parts.query))


def _sslmode(query: str) -> str:
    given = parse_qsl(query, keep_blank_values=True)
    names = [name for name, _ in given]
    if any(name != "sslmode" for name in names) or len(names) > 1:
        raise WrongAddress("Only sslmode can be added to an address; host, service, passfile, options and the like cannot.")
    mode = given[0][1] if given else "prefer"
    if mode not in SSL_MODES:
        raise WrongAddress(f"sslmode must be one of {', '.join(SSL_MODES)}.")
    return mode


def connection_arguments(address: Address) -> dict[str, Any]:
    """What libpq is given. The host is resolved and judged here, and libpq told the very address that was judged."""
    if address.own:
        url = own.engine().url
        arguments: dict[str, Any] = {**url.query, "dbname": url.database, "user": address.user, "password": address.password}
        if url.host:
            arguments["host"] = url.host
        if url.port:
            arguments["port"] = url.port
        return arguments
    return {
        "host": address.host,
        "hostaddr": _judged(address),
        "port": address.port,
        "dbname": address.database,
        "user": address.user,
        "password": address.password,
        "sslmode": address.sslmode,
        # Neither files nor the environment of this process add anything to the address.
        "passfile": "/dev/null",
        "gssencmode": "disable",
    }


def _judged(address: Address) -> str:
    """The first network address of the host. Raises WrongAddress when any of them must not be reached from here."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise SourceUnavailable(
            "The host of this source is not known to the network. An administrator can correct the address in Settings."
        ) from None
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for text in addresses:
        judge(text, production=settings.current().production)
    return addresses[0]


def _judge_numbers(host: str) -> None:
    """Judge a host that is a number already, in any notation that the system reads (`0x7f.1`, `2130706433`)."""
    for family, read in ((socket.AF_INET, socket.inet_aton), (socket.AF_INET6, lambda text: socket.inet_pton(socket.AF_INET6, text))):
        try:
            packed = read(host)
        except OSError:
            continue  # a name, or a number of the other family
        judge(socket.inet_ntop(family, packed), production=settings.current().production)


def judge(text: str, *, production: bool) -> None:
    """Raises WrongAddress for addresses that no team's database has.

    Link-local ones (where clouds keep their metadata), multicast and unspecified ones never; loopback only
    on a laptop. Private networks are where internal databases are, and stay open to administrators.
    """
    network = ipaddress.ip_address(text)
    if isinstance(network, ipaddress.IPv6Address):
        network = _plain(network)
    metadata = {"169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"}
    if str(network) in metadata or network.is_link_local or network.is_multicast or network.is_unspecified:
        raise WrongAddress("This address belongs to the machine's own network services, and cannot be a source.")
    if network.is_loopback and production:
        raise WrongAddress("In production a source cannot be on the machine that Nexus runs on. Name the database's own host.")


def _plain(network: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address in its IPv6 clothes (mapped, compatible, 6to4, Teredo, NAT64), or the address itself."""
    if network.ipv4_mapped or network.sixtofour:
        return network.ipv4_mapped or network.sixtofour or network
    if network.teredo:
        return network.teredo[1]
    compatible = int(network) > 1 and int(network) < 2**32
    if compatible or network in ipaddress.ip_network("64:ff9b::/96"):
        return ipaddress.IPv4Address(int(network) & 0xFFFFFFFF)
    return network
