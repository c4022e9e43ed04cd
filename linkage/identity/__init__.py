"""RECOGNISE: a certificate becomes a counter or an auditor, a signed token becomes an officer."""

from linkage.identity.jwks import KeySets
from linkage.identity.officer import OfficerTokens
from linkage.identity.peer import Auditor, Peer, peer_of, recognise
from linkage.identity.register import Centre, Issuer, Register, RegisteredCounter, read_register

__all__ = [
    "Auditor",
    "Centre",
    "Issuer",
    "KeySets",
    "OfficerTokens",
    "Peer",
    "Register",
    "RegisteredCounter",
    "peer_of",
    "read_register",
    "recognise",
]
