"""`linkage pki`: what it makes fits together, is private where it must be, and is never overwritten."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from linkage.identity.keys import parse_keys
from linkage.identity.peer import peer_of
from linkage.keyring import load_keyring
from linkage.tlog.note import Signer, VerifierKey
from tests.cli.conftest import Linkage
from tests.journeys.place import DOE, Place

URI = "spiffe://linkage.example/centre/cm-01/counter/3"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture
def authority(linkage: Linkage, tmp_path: Path) -> Path:
    assert 0 == linkage("pki", "ca", "--folder", tmp_path).code
    return tmp_path


def test_every_private_file_is_its_owners_alone_and_every_public_one_is_not(linkage: Linkage, authority: Path) -> None:
    folder = authority
    linkage("pki", "server", "--folder", folder, "--name", "gateway.example", "--name", "127.0.0.1")
    linkage("pki", "counter", "--folder", folder, "--uri", URI)
    linkage("pki", "officer-keys", "--folder", folder)
    linkage("pki", "log-key", "--folder", folder, "--origin", "linkage.example/audit")
    linkage("pki", "keys", "--folder", folder)
    key, certificate = folder / "officers-key.pem", folder / "cert.pem"
    token = ("--key", key, "--certificate", certificate, "--out", folder / "officer.jwt")
    linkage("pki", "officer-token", "--issuer", DOE, "--subject", "officer-1", *token)

    private = {
        "ca-key.pem",
        "server-key.pem",
        "key.pem",
        "officers-key.pem",
        "log.key",
        "kek.keys",
        "pseudonym.keys",
        "token.keys",
        "officer.jwt",
    }
    public = {"ca.pem", "server.pem", "cert.pem", "officers.jwks.json", "log.vkey"}
    assert private | public == {path.name for path in folder.iterdir()}
    assert {0o600} == {mode(folder / name) for name in private}
    assert {0o644} == {mode(folder / name) for name in public}


@pytest.mark.parametrize("again", ["ca", "keys", "officer-keys", "log-key"])
def test_nothing_is_ever_overwritten(linkage: Linkage, tmp_path: Path, again: str) -> None:
    words = ("pki", again, "--folder", tmp_path, *(("--origin", "a.example/log") if again == "log-key" else ()))
    assert 0 == linkage(*words).code
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}

    ended = linkage(*words)

    assert 2 == ended.code
    assert "never overwritten" in ended.said
    assert before == {path: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_counter_has_exactly_one_uri_name_and_chains_to_the_authority(linkage: Linkage, authority: Path) -> None:
    linkage("pki", "counter", "--folder", authority, "--uri", URI)

    certificate = x509.load_pem_x509_certificate((authority / "cert.pem").read_bytes())
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate((authority / "ca.pem").read_bytes()))
    assert URI == peer_of((authority / "cert.pem").read_bytes()).uri
    assert certificate.public_key() == load_pem_private_key((authority / "key.pem").read_bytes(), None).public_key()
    left = certificate.not_valid_after_utc - datetime.now(UTC)  # noqa: TID251 (compared with the machine's own clock)
    assert timedelta(days=89) < left < timedelta(days=91)


@pytest.mark.parametrize("uri", ["", "cm-01/counter/3", "spiffe://linkage.example/centre/*", "spiffe://linkage.example/ศูนย์"])
def test_a_name_that_no_register_could_hold_is_refused(linkage: Linkage, authority: Path, uri: str) -> None:
    ended = linkage("pki", "counter", "--folder", authority, "--uri", uri)

    assert 2 == ended.code
    assert not (authority / "cert.pem").exists()


@pytest.mark.parametrize("name", ["", "not a name", "*.example", "ศูนย์.example"])
def test_a_server_is_named_by_dns_names_and_addresses_alone(linkage: Linkage, authority: Path, name: str) -> None:
    ended = linkage("pki", "server", "--folder", authority, "--name", name)

    assert 2 == ended.code
    assert not (authority / "server.pem").exists()


def test_a_key_of_another_authority_signs_nothing(linkage: Linkage, authority: Path, tmp_path: Path) -> None:
    linkage("pki", "ca", "--folder", tmp_path / "other")

    ended = linkage("pki", "counter", "--folder", authority, "--uri", URI, "--ca-key", tmp_path / "other" / "ca-key.pem")

    assert 2 == ended.code
    assert "another certificate's key" in ended.said


def test_a_ca_key_that_is_kept_elsewhere_is_asked_for_by_its_option(linkage: Linkage, authority: Path, tmp_path: Path) -> None:
    (authority / "ca-key.pem").unlink()

    ended = linkage("pki", "counter", "--folder", authority, "--uri", URI)

    assert 2 == ended.code
    assert "--ca-key FILE" in ended.said


def test_an_officers_token_holds_what_a_gateway_checks(linkage: Linkage, authority: Path) -> None:
    linkage("pki", "counter", "--folder", authority, "--uri", URI)
    linkage("pki", "officer-keys", "--folder", authority)
    out = authority / "officer.jwt"
    files = ("--key", authority / "officers-key.pem", "--certificate", authority / "cert.pem", "--out", out)

    ended = linkage("pki", "officer-token", "--issuer", DOE, "--subject", "officer-1", "--hours", "2", *files)

    assert 0 == ended.code
    key = parse_keys((authority / "officers.jwks.json").read_bytes()).find(jwt.get_unverified_header(out.read_text().strip())["kid"])
    assert key is not None
    claims = jwt.decode(out.read_text().strip(), key.key, [key.algorithm], audience="linkage")
    assert (DOE, "officer-1", 7200) == (claims["iss"], claims["sub"], claims["exp"] - claims["iat"])
    assert {"x5t#S256": peer_of((authority / "cert.pem").read_bytes()).certificate_sha256} == claims["cnf"]


@pytest.mark.parametrize(
    ("option", "value", "expected"),
    [("--hours", "12.5", "at most 12"), ("--hours", "0", "more than 0"), ("--subject", "1100000000016", "no citizen number")],
)
def test_a_token_that_no_gateway_would_take_is_not_made(linkage: Linkage, authority: Path, option: str, value: str, expected: str) -> None:
    linkage("pki", "counter", "--folder", authority, "--uri", URI)
    linkage("pki", "officer-keys", "--folder", authority)
    out = authority / "officer.jwt"
    files = ("--key", authority / "officers-key.pem", "--certificate", authority / "cert.pem", "--out", out)
    words = {"--issuer": DOE, "--subject": "officer-1"} | {option: value}

    ended = linkage("pki", "officer-token", *files, *(word for pair in words.items() for word in pair))

    assert 2 == ended.code
    assert expected in ended.said
    assert "1100000000016" not in ended.said
    assert not out.exists()


def test_the_logs_key_signs_what_its_vkey_verifies(linkage: Linkage, tmp_path: Path) -> None:
    ended = linkage("pki", "log-key", "--folder", tmp_path, "--origin", "linkage.example/audit", "--json")

    signer = Signer.parse((tmp_path / "log.key").read_text().strip())
    assert signer.verifier == VerifierKey.parse((tmp_path / "log.vkey").read_text().strip())
    assert signer.verifier.text == ended.page["vkey"]
    assert signer.skey not in ended.said


def test_an_origin_that_is_no_keys_name_is_refused(linkage: Linkage, tmp_path: Path) -> None:
    ended = linkage("pki", "log-key", "--folder", tmp_path, "--origin", "a+b")

    assert 2 == ended.code
    assert [] == list(tmp_path.iterdir())


def test_a_rotated_ring_seals_with_the_new_key_and_still_opens_with_the_old(linkage: Linkage, tmp_path: Path) -> None:
    linkage("pki", "keys", "--folder", tmp_path, "--id", "old")
    before = load_keyring(tmp_path / "kek.keys").current

    ended = linkage("pki", "keys", "--folder", tmp_path, "--id", "new", "--rotate")

    ring = load_keyring(tmp_path / "kek.keys")
    assert 0 == ended.code
    assert "new" == ring.current.id
    assert before == ring.get("old")
    assert before.key.hex() not in ended.said
    assert {"kek.keys", "pseudonym.keys", "token.keys"} == {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(("key_id", "words"), [("old", ("--rotate",)), ("UPPER", ()), ("", ()), ("seventeen-letters", ())])
def test_an_id_that_is_taken_or_none_is_refused(linkage: Linkage, tmp_path: Path, key_id: str, words: tuple[str, ...]) -> None:
    if words:
        linkage("pki", "keys", "--folder", tmp_path, "--id", "old")

    assert 2 == linkage("pki", "keys", "--folder", tmp_path, "--id", key_id, *words).code


def test_with_settings_each_file_goes_where_they_look_for_it(linkage: Linkage, place: Place) -> None:
    for name in ("ca.pem", "server.pem", "server.key", "log.key", "log.vkey", "kek.keys", "pseudonym.keys", "token.keys"):
        (place.folder / name).unlink()
    config = ("--config", place.settings_file)

    codes = [linkage("pki", *words, *config).code for words in (["ca"], ["server", "--name", "localhost"], ["log-key"], ["keys"])]

    assert [0, 0, 0, 0] == codes
    assert 0 == linkage("serve", "--check", *config).code
