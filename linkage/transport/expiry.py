"""When an agency's certificate ends: read from a handshake of its own, apart from every question.

Nothing is asked: the connection is closed as soon as the certificate has been shown.
"""

import asyncio
import ssl

import httpx

from linkage.transport.guard import origin_of
from linkage.transport.wire import NotConnected, NotConnectedInTime, TlsFailed


async def read_expiry(origin: str, tls: ssl.SSLContext, *, timeout: float) -> int:
    """Unix time in seconds at which the certificate shown at this origin ends.

    Args:
        origin: ``https://host[:port]``.
        tls: from `tls_context`, the source's own: a certificate that does not chain to its CA is not read.
        timeout: seconds for connection and handshake.

    Raises:
        NotSent: nobody is there (`NotConnected`), not in time (`NotConnectedInTime`), or the handshake failed (`TlsFailed`).
    """
    _, host, port = origin_of(httpx.URL(origin))
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(host, port, ssl=tls, server_hostname=host)
    except TimeoutError:
        raise NotConnectedInTime("no handshake within its time") from None
    except ssl.SSLError:
        raise TlsFailed("the TLS handshake failed") from None
    except (OSError, ValueError):  # a host that can be no name (a label too long, or none) is a ValueError
        raise NotConnected("no connection came about") from None
    try:
        shown = writer.get_extra_info("peercert") or {}
    finally:
        writer.transport.abort()
    not_after = shown.get("notAfter")
    if not isinstance(not_after, str):
        raise TlsFailed("the handshake showed no certificate")
    return int(ssl.cert_time_to_seconds(not_after))
