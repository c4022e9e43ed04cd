"""Where an agency lives: the URLs in an adapter's settings, and the origins its client is pinned to."""

import ipaddress
from typing import Annotated

import httpx
from pydantic import AfterValidator


def origin(url: str) -> str:
    """Give a URL's origin: ``https://host``, with ``:port`` only where it is not the scheme's own; host in lower case.

    Raises:
        ValueError: not an absolute URL; the message never repeats it.
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        raise ValueError("not a URL") from None
    if not parsed.scheme or not parsed.host:
        raise ValueError("not an absolute URL")
    return f"{parsed.scheme}://{parsed.netloc.decode('ascii')}"


def _for_an_agency(url: str) -> str:
    origin(url)
    parsed = httpx.URL(url)
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise ValueError("a URL without user, query and fragment")
    if parsed.scheme != "https" and not (parsed.scheme == "http" and _is_near(parsed.host)):
        raise ValueError("an https:// URL (http:// only towards a loopback or private address)")
    return url


def _is_near(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False


AgencyUrl = Annotated[str, AfterValidator(_for_an_agency)]
"""A URL of an agency in an adapter's settings.

``https``, or ``http`` to a loopback or private address: an agency's own proxy may stand on the same protected network without a
certificate. No user, query or fragment.
"""
