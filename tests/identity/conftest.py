import base64
import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from linkage.clock import FakeClock
from linkage.errors import Problem
from linkage.identity import KeySets, OfficerTokens, Register, read_register
from linkage.terms import Counter, RecipientId

COUNTER = "spiffe://linkage.example/centre/cm-01/counter/1"
DOE = "https://officers.doe.example"
DLPW = "https://officers.dlpw.example"

REGISTER = """
revoked_serials = ["0a:bc:de"]

[[agency]]
id = "doe"
name_th = "กรมการจัดหางาน"
name_en = "Department of Employment"

[[agency]]
id = "dlpw"
name_th = "กรมสวัสดิการและคุ้มครองแรงงาน"
name_en = "Department of Labour Protection and Welfare"

[[centre]]
id = "cm-01"
name_th = "ศูนย์บริการร่วมจังหวัดเชียงใหม่"
name_en = "Chiang Mai Joint Service Centre"
province = "เชียงใหม่"
agency = "doe"

[[counter]]
uri = "spiffe://linkage.example/centre/cm-01/counter/1"
centre = "cm-01"

[[counter]]
uri = "spiffe://linkage.example/centre/cm-01/counter/2"
centre = "cm-01"
suspended = true

[[issuer]]
issuer = "https://officers.doe.example"
agency = "doe"
jwks_file = "doe.jwks.json"

[[issuer]]
issuer = "https://officers.dlpw.example"
agency = "dlpw"
jwks_file = "dlpw.jwks.json"

[[suspended_officer]]
issuer = "https://officers.doe.example"
subject = "officer-0099"

[[auditor]]
uri = "spiffe://linkage.example/auditor/labour"
agencies = ["doe", "dlpw"]
"""

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
RSA_KEY = rsa.generate_private_key(65537, 2048)  # once: it is slow


@dataclass
class Signer:
    """An agency's token issuer: a key with an id."""

    kid: str | None
    key: PrivateKey = field(default_factory=ed25519.Ed25519PrivateKey.generate)

    @property
    def algorithm(self) -> str:
        match self.key:
            case ed25519.Ed25519PrivateKey():
                return "EdDSA"
            case ec.EllipticCurvePrivateKey():
                return "ES256"
            case _:
                return "RS256"

    def jwk(self, **more: Any) -> dict[str, Any]:
        public: Any = self.key.public_key()
        writers: dict[str, Any] = {"EdDSA": OKPAlgorithm, "ES256": ECAlgorithm, "RS256": RSAAlgorithm}
        named = {"kid": self.kid} if self.kid is not None else {}
        return {**writers[self.algorithm].to_jwk(public, as_dict=True), **named, **more}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        named = {"kid": self.kid} if self.kid is not None else {}
        return jwt.encode(claims, self.key, algorithm=self.algorithm, headers={**named, **header})


@dataclass
class Desk:
    """A counter, the register it is in, and the issuers whose officers sit there."""

    folder: Path
    clock: FakeClock
    counter: Counter
    doe: Signer
    dlpw: Signer
    registers: list[Register]
    tokens: OfficerTokens
    keys: KeySets

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a token that is in order, with changes; a claim changed to None is left out."""
        now = self.clock.now_ms() // 1000
        claims = {
            "iss": DOE,
            "sub": "officer-0001",
            "aud": "linkage",
            "iat": now,
            "exp": now + 8 * 3600,
            "cnf": {"x5t#S256": self.counter.certificate_sha256},
        }
        return {name: value for name, value in {**claims, **changes}.items() if value is not None}

    def token(self, **changes: Any) -> str:
        return self.doe.sign(self.claims(**changes))

    def publish(self, name: str, *signers: Signer) -> None:
        publish(self.folder, name, *signers)

    def rewrite(self, before: str, after: str) -> None:
        """The operator edits the register; the gateway takes it."""
        path = self.folder / "register.toml"
        text = path.read_text()
        assert before in text
        path.write_text(text.replace(before, after))
        self.registers.append(loaded(path))

    @property
    def register(self) -> Register:
        return self.registers[-1]


def loaded(path: Path) -> Register:
    problems = list[Problem]()
    register, _ = read_register(path, problems)
    assert problems == []
    return register


def publish(folder: Path, name: str, *signers: Signer) -> None:
    fresh = folder / f"{name}.new"
    fresh.write_text(json.dumps({"keys": [signer.jwk() for signer in signers]}))
    fresh.replace(folder / f"{name}.jwks.json")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def desk(tmp_path: Path, clock: FakeClock) -> Any:
    doe, dlpw = Signer("doe-1"), Signer("dlpw-1")
    publish(tmp_path, "doe", doe)
    publish(tmp_path, "dlpw", dlpw)
    (tmp_path / "register.toml").write_text(REGISTER)
    counter = Counter(
        COUNTER, "cm-01", RecipientId("doe"), base64.urlsafe_b64encode(hashlib.sha256(b"certificate").digest()).decode().rstrip("=")
    )
    registers = [loaded(tmp_path / "register.toml")]
    keys = KeySets(clock, lambda _: httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(404))))
    tokens = OfficerTokens(lambda: registers[-1], clock, "linkage", 12, keys)
    yield Desk(tmp_path, clock, counter, doe, dlpw, registers, tokens, keys)
    await keys.close()


def make_certificate(
    *, uris: tuple[str, ...] = (), dns: tuple[str, ...] = (), common_name: str = "counter", serial: int = 0x0101, sans: bool = True
) -> bytes:
    """A leaf certificate as TLS would have accepted it, PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=90))
    )
    if sans:
        names = [*(x509.UniformResourceIdentifier(uri) for uri in uris), *(x509.DNSName(name) for name in dns)]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def certificate() -> Any:
    return make_certificate


@pytest.fixture
def signer() -> Any:
    return Signer


@pytest.fixture(scope="session")
def rsa_key() -> Any:
    return RSA_KEY
