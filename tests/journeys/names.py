"""Certificates that the gateway's own tool would not make: any names, signed by the world's CA."""

import uuid
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from linkage.clock import SystemClock
from linkage.runtime.pki import _leaf, load_authority
from tests.journeys.world import COUNTER_1, Place


def leaf_with(place: Place, *names: x509.GeneralName) -> tuple[Path, Path]:
    """Certificate and key with exactly these alternative names. Its common name is that of a registered counter."""
    authority = load_authority(place.folder / "ca.pem", place.folder / "ca.key")
    common = COUNTER_1.rpartition("//")[2]
    signed, private = _leaf(authority, common, names, ExtendedKeyUsageOID.CLIENT_AUTH, SystemClock(), days=10)
    stem = place.folder / f"odd-{uuid.uuid4().hex}"
    certificate, key = stem.with_suffix(".pem"), stem.with_suffix(".key")
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, key
