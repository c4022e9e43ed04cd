"""What an error of X-Road itself means: told by the code in ``X-Road-Error``, never by the HTTP status.

Up to 7.7 a code reads ``Server.ServerProxy.AccessDenied``, from 7.8 on ``server.serverproxy.access_denied``; both are compared in lower
case, without underscores. What follows a known code (``ServiceFailed.IOError``) differs between versions and is read over. Nothing
here is ever "not found": X-Road failed, or refused, before anybody looked anything up.
"""

from collections.abc import Mapping

from linkage.sources.adapter import Refused, RefusedCause, Unavailable

HEADER = "X-Road-Error"

ACTORS: Mapping[tuple[str, ...], str] = {
    ("server", "clientproxy"): "our security server",
    ("server", "serverproxy"): "their security server",
    ("server",): "security server",
    (): "x-road",
}
"""How a code begins, the longest first -> who says so, for the log."""

OUR_MISTAKE = Unavailable("configuration: x-road refuses our request")
"""Every ``Client.*``: the request was wrong, or what we said of ourselves."""

DENIED = Refused(RefusedCause.NOT_ENTITLED, "access_denied")

WORDS: Mapping[str, str] = {
    "unknownmember": "configuration: member unknown",
    "unknownservice": "configuration: service unknown",
    "sslauthenticationfailed": "configuration: tls between servers",
    "servicedisabled": "service disabled",
    "servicefailed": "provider does not answer",
    "networkerror": "network",
    "outdatedglobalconf": "global configuration outdated",
    "globalconfoutdated": "global configuration outdated",
    "loggingfailed": "message log",
    "ioerror": "input or output",
    "databaseerror": "database",
    "internalerror": "internal error",
    "maintenancemode": "maintenance",
}
"""Code after its beginning -> what the log and the metrics say of it. ``configuration`` means that people must mend it, here or there."""

UNKNOWN = "another error"


def failure(code: str) -> Refused | Unavailable:
    """What the code in ``X-Road-Error`` means. One that nobody knows is unavailable, and is not repeated."""
    words = tuple(code.strip().lower().replace("_", "").split("."))
    if words[0] == "client":
        return OUR_MISTAKE
    start, who = next((actor, name) for actor, name in ACTORS.items() if words[: len(actor)] == actor)
    said = words[len(start)] if len(words) > len(start) else ""
    if said == "accessdenied":
        return DENIED
    return Unavailable(f"{who}: {WORDS.get(said, UNKNOWN)}")
