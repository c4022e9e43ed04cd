"""Every HTTP client of the gateway, and what each of them keeps to.

A client made here speaks to the origins it was made for and to no other; follows no redirect, keeps no cookie, reads no proxy from
the environment; asks for uncompressed answers and takes no others; stops reading at a size and at a time. Nothing here retries: a query
that may have arrived is not ours to repeat.

Errors say the one thing a caller must know, whether the agency can have seen the request:

    httpx.TransportError
    +-- WrongOrigin    a defect of whoever built the URL; nothing left
    +-- NotSent        no connection came about: the request is known not to have left
    +-- MaybeSent      a connection was there: the request may have arrived, whatever came back

Where the line runs is not guessed from exception classes. The connector draws it: what fails before it hands out a connection is
`NotSent`, all else `MaybeSent`. Messages never repeat what was underneath, since aiohttp puts whole URLs into its texts.
"""

from linkage.transport.clients import agency_client, in_process_client, key_set_client, tls_context
from linkage.transport.limit import limit
from linkage.transport.wire import (
    AnswerCompressed,
    AnswerTooLarge,
    CutOff,
    MaybeSent,
    NameUnknown,
    NoAnswerInTime,
    NotConnected,
    NotConnectedInTime,
    NotHttp,
    NotSent,
    TlsFailed,
    Wire,
    WrongOrigin,
    watched,
)

__all__ = [
    "AnswerCompressed",
    "AnswerTooLarge",
    "CutOff",
    "MaybeSent",
    "NameUnknown",
    "NoAnswerInTime",
    "NotConnected",
    "NotConnectedInTime",
    "NotHttp",
    "NotSent",
    "TlsFailed",
    "Wire",
    "WrongOrigin",
    "agency_client",
    "in_process_client",
    "key_set_client",
    "limit",
    "tls_context",
    "watched",
]
