import pytest

from linkage.tlog.checkpoint import open_checkpoint, parse_body, sign_checkpoint
from linkage.tlog.encoding import to_base64
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogSigner, LogVerifier
from linkage.tlog.note import Signer, VerifierKey, open_note, split_note

TEXT = "linkage.example/audit\n7\nCwB/uRXrmyoUb1SxyG7FO2ZPjkVbdmCwtu4T7cDZIcA=\n"
OTHER = Signer("other.example/log", bytes(32))


def line(signer: Signer, text: str = TEXT) -> str:
    return signer.sign(text).removeprefix(text + "\n")


def test_a_note_signed_by_several_keys_opens_with_any_of_them(signer: Signer) -> None:
    note = (signer.sign(TEXT) + line(OTHER)).encode()
    assert open_note(note, (signer.verifier,)).signed_by == (signer.verifier,)
    assert open_note(note, (OTHER.verifier, signer.verifier)).signed_by == (signer.verifier, OTHER.verifier)


def test_a_text_with_blank_lines_is_split_at_the_last_one(signer: Signer) -> None:
    text = "one\n\ntwo\n"
    assert open_note(signer.sign(text).encode(), (signer.verifier,)).text == text


def test_unknown_keys_are_ignored_also_when_name_or_id_is_a_known_ones(signer: Signer) -> None:
    same_name = Signer(signer.verifier.name, bytes(32))
    blob = signer.verifier.key_id + bytes(64)
    same_id = f"— another.example/log {to_base64(blob)}\n"
    note = (signer.sign(TEXT) + line(same_name) + same_id).encode()
    assert open_note(note, (signer.verifier,)).signed_by == (signer.verifier,)


def test_no_known_key_is_no_note(signer: Signer) -> None:
    with pytest.raises(NoteInvalid, match="none of a known key"):
        open_note(OTHER.sign(TEXT).encode(), (signer.verifier,))


def test_keys_of_a_known_name_that_signed_instead_are_named_by_their_ids_and_strangers_are_not(signer: Signer) -> None:
    newer = Signer(signer.verifier.name, bytes(32))
    with pytest.raises(NoteInvalid, match=f"but of {newer.verifier.key_id.hex()} with the same name.* log.vkeys"):
        open_note((newer.sign(TEXT) + line(OTHER)).encode(), (signer.verifier,))
    with pytest.raises(NoteInvalid) as raised:
        open_note(OTHER.sign(TEXT).encode(), (signer.verifier,))
    assert OTHER.verifier.key_id.hex() not in str(raised.value)


def test_a_bad_signature_of_a_known_key_rejects_the_whole_note(signer: Signer) -> None:
    bad = f"— {signer.verifier.name} {to_base64(signer.verifier.key_id + bytes(64))}\n"
    for note in (signer.sign(TEXT) + bad, OTHER.sign(TEXT) + bad):
        with pytest.raises(NoteInvalid, match="signature of a known key"):
            open_note(note.encode(), (OTHER.verifier, signer.verifier))


def test_a_repeated_line_counts_once(signer: Signer) -> None:
    note = (signer.sign(TEXT) + line(signer)).encode()
    assert open_note(note, (signer.verifier,)).signed_by == (signer.verifier,)


def test_a_hundred_signatures_are_read_and_one_more_is_refused(signer: Signer) -> None:
    assert len(split_note((signer.sign(TEXT) + line(OTHER) * 99).encode())[1]) == 100
    with pytest.raises(NoteInvalid, match="at most 100"):
        split_note((signer.sign(TEXT) + line(OTHER) * 100).encode())


def mangled(signer: Signer) -> dict[str, bytes]:
    good = signer.sign(TEXT)
    blob = signer.verifier.key_id + bytes(64)
    encoded = to_base64(blob)
    name = signer.verifier.name
    return {
        "no final newline": good[:-1].encode(),
        "another byte for the final newline": good[:-1].encode() + b"x",
        "CRLF": good.replace("\n", "\r\n").encode(),
        "en dash": good.replace("—", "–").encode(),
        "hyphen": good.replace("—", "-").encode(),
        "two spaces after the dash": good.replace("— ", "—  ").encode(),
        "two spaces before the signature": good.replace(f"{name} ", f"{name}  ").encode(),
        "tab": good.replace(f"{name} ", f"{name}\t").encode(),
        "no blank line": good.replace("\n\n", "\n").encode(),
        "no signature": f"{TEXT}\n".encode(),
        "empty": b"",
        "not UTF-8": good.encode() + b"\xff\n",
        "overlong UTF-8": good.encode().replace(b"l", b"\xc1\xac", 1),
        "NUL": good.replace("audit", "au\x00dit", 1).encode(),
        "URL-safe base64": (TEXT + f"\n— {name} {'_' * 92}\n").encode(),
        "unpadded base64": (TEXT + f"\n— {name} {encoded.rstrip('=')}\n").encode() if encoded.endswith("=") else b"",
        "loose tail bits": (TEXT + f"\n— {name} AAAAAAB=\n").encode(),
        "signature of four bytes": (TEXT + f"\n— {name} {to_base64(blob[:4])}\n").encode(),
        "empty name": (TEXT + f"\n—  {encoded}\n").encode(),
        "plus in a name": (TEXT + f"\n— a+b {encoded}\n").encode(),
        "space in a name": (TEXT + f"\n— a\u2003b {encoded}\n").encode(),
        "too large": b"x" * 1_000_001,
    }


@pytest.mark.parametrize("fault", list(mangled(OTHER)))
def test_a_note_in_another_form_is_refused(fault: str, signer: Signer) -> None:
    with pytest.raises(NoteInvalid, match=r"got .*, expected"):
        split_note(mangled(signer)[fault])


@pytest.mark.parametrize(
    "body",
    [
        "linkage.example/audit\n7\n",
        "linkage.example/audit\n07\n" + TEXT.split("\n")[2] + "\n",
        "linkage.example/audit\n+7\n" + TEXT.split("\n")[2] + "\n",
        "linkage.example/audit\n 7\n" + TEXT.split("\n")[2] + "\n",
        "linkage.example/audit\n٧\n" + TEXT.split("\n")[2] + "\n",
        "linkage.example/audit\n-1\n" + TEXT.split("\n")[2] + "\n",
        f"linkage.example/audit\n{2**63}\n" + TEXT.split("\n")[2] + "\n",
        "linkage.example/audit\n0\n" + TEXT.split("\n")[2] + "\n",
        "linkage.example/audit\n7\nCwB/uRXrmyoUb1SxyG7FO2ZPjkVbdmCwtu4T7cDZIcB=\n",
        "linkage.example/audit\n7\nAAAA\n",
        "linkage.example/audit\n7\n-_" + "A" * 41 + "=\n",
        "\n7\n" + TEXT.split("\n")[2] + "\n",
        TEXT + "\nmore\n",
        TEXT + "\n",
        TEXT[:-1],
    ],
)
def test_a_checkpoint_in_another_form_is_refused(body: str) -> None:
    with pytest.raises(NoteInvalid):
        parse_body(body)


def test_extension_lines_are_read(signer: Signer) -> None:
    assert parse_body(TEXT + "more\n").extensions == ("more",)


def test_a_checkpoint_of_another_origin_than_its_keys_name_is_refused(signer: Signer) -> None:
    note = signer.sign(TEXT.replace("linkage.example/audit", "linkage.example/other"))
    with pytest.raises(NoteInvalid, match="origin"):
        open_checkpoint(note.encode(), LogVerifier.of(signer.verifier))


def test_a_checkpoint_body_with_a_blank_line_is_refused_even_when_signed(signer: Signer) -> None:
    with pytest.raises(NoteInvalid, match="empty line"):
        open_checkpoint(signer.sign(TEXT + "\nmore\n").encode(), LogVerifier.of(signer.verifier))


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000",
        "linkage.example/audit+207122A0+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "linkage.example/audit+207122a1+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "linkage.example/other+207122a0+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "linkage.example/audit+207122a0+AgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
        "linkage.example/audit+207122a0+AQOhB7_zzhC-HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4",
    ],
)
def test_a_vkey_in_another_form_or_with_another_id_is_refused(vkey: str) -> None:
    with pytest.raises(NoteInvalid):
        VerifierKey.parse(vkey)


def test_a_private_key_in_another_form_is_refused_without_being_repeated(signer: Signer) -> None:
    for broken in (signer.skey[12:], signer.skey.replace("207122a0", "207122a1"), signer.skey[:-1]):
        with pytest.raises(NoteInvalid) as caught:
            Signer.parse(broken)
        assert broken[-20:] not in str(caught.value)
    assert signer.skey[-20:] not in repr(signer)


@pytest.mark.parametrize(("size", "root"), [(-1, bytes(32)), (2**63, bytes(32)), (7, bytes(31)), (0, bytes(32))])
def test_an_impossible_checkpoint_is_not_signed(size: int, root: bytes, signer: Signer) -> None:
    with pytest.raises(NoteInvalid):
        sign_checkpoint(LogSigner.of(signer), size, root)


@pytest.mark.parametrize("text", ["no newline", "tab\tinside\n", ""])
def test_a_text_that_no_note_can_hold_is_not_signed(text: str, signer: Signer) -> None:
    with pytest.raises(NoteInvalid):
        signer.sign(text)


def test_a_signature_that_does_not_hold_is_never_given_away() -> None:
    class Faulty:
        """A key whose memory has flipped a bit."""

        def sign(self, message: bytes) -> bytes:
            return bytes(64)

    signer = Signer("linkage.example/audit", bytes(range(32)))
    signer._private = Faulty()  # type: ignore[assignment]
    with pytest.raises(NoteInvalid, match="own signature"):
        signer.sign(TEXT)
