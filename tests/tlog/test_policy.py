"""Policies: which checkpoints they take, and an exact error, with the line's number, for every file that is none."""

import pytest

from linkage.tlog.cosignature import Cosigner
from linkage.tlog.errors import NoteInvalid, PolicyInvalid
from linkage.tlog.note import Signer
from linkage.tlog.policy import MAX_POLICY, parse_policy
from tests.witnessed import LOG, GrowingLog

GROWN = GrowingLog(7)
NOTE = GROWN.note(7)
TEXT = NOTE.partition("\n\n")[0] + "\n"
WITNESSES = {name: Cosigner(f"witness.example/{name}", bytes([ord(name)]) * 32) for name in "abcde"}
LOG_LINE = f"log {LOG.verifier.text}\n"
LINES = LOG_LINE + "".join(f"witness {name} {cosigner.key.text} https://{name}.example\n" for name, cosigner in WITNESSES.items())


def cosigned(names: str) -> bytes:
    return (NOTE + "".join(WITNESSES[name].cosign(TEXT, 1_700_000_000) for name in names)).encode()


def takes(policy: str, names: str) -> bool:
    try:
        return parse_policy(policy.encode()).judge(cosigned(names)).size == 7
    except PolicyInvalid:
        return False


@pytest.mark.parametrize(
    ("quorum", "enough", "too_few"),
    [
        ("quorum none", ["", "a"], []),
        ("quorum a", ["a", "ab"], ["", "b"]),
        ("group g any a b\nquorum g", ["a", "b", "ab"], ["", "c"]),
        ("group g all a b\nquorum g", ["ab", "abc"], ["a", "b", "c"]),
        ("group g 2 a b c\nquorum g", ["ab", "bc", "abc"], ["a", "ad", "de"]),
        ("group x 2 a b c\ngroup y any d e\ngroup both all x y\nquorum both", ["abd", "bce"], ["abc", "ad", "de"]),
        ("group x all a b\ngroup y 1 x c\nquorum y", ["ab", "c"], ["a", "b", "d"]),
    ],
    ids=range(7),
)
def test_a_checkpoint_needs_its_quorum(quorum: str, enough: list[str], too_few: list[str]) -> None:
    for names in enough:
        assert takes(f"{LINES}{quorum}\n", names), names
    for names in too_few:
        assert not takes(f"{LINES}{quorum}\n", names), names


def test_comments_blanks_and_tabs_are_passed_over() -> None:
    policy = parse_policy(f"# who\n\n \t\n\tlog\t{LOG.verifier.text}  https://log.example \n  # \xe9\nquorum \t none".encode() + b"\n")

    assert [(LOG.verifier.current, "https://log.example")] == list(policy.logs.items())


def test_names_are_bytes_whatever_they_encode() -> None:
    key = WITNESSES["a"].key.text.encode()

    policy = parse_policy(LOG_LINE.encode() + b"witness \xff " + key + b"\nquorum \xff\n")

    assert policy.judge(cosigned("a")).size == 7
    with pytest.raises(PolicyInvalid, match="line 3"):
        parse_policy(LOG_LINE.encode() + b"witness \xff " + key + b"\nquorum \xfe\n")


def test_a_log_that_is_not_listed_is_refused() -> None:
    other = Signer("linkage.example/audit", bytes(32)).verifier.text
    with pytest.raises(NoteInvalid):
        parse_policy(f"log {other}\nquorum none\n".encode()).judge(NOTE.encode())


def test_a_checkpoint_of_another_origin_than_its_keys_name_is_refused() -> None:
    other = Signer("other.example/log", bytes(32))
    with pytest.raises(NoteInvalid, match="origin"):
        parse_policy(f"log {other.verifier.text}\nquorum none\n".encode()).judge(other.sign(TEXT).encode())


def test_a_known_witnesss_bad_cosignature_refuses_the_checkpoint_even_if_others_are_enough() -> None:
    bad = WITNESSES["b"].cosign(TEXT.replace("\n7\n", "\n6\n"), 5)

    with pytest.raises(NoteInvalid):
        parse_policy(f"{LINES}quorum a\n".encode()).judge(cosigned("a") + bad.encode())


def test_groups_may_stand_on_groups_without_end() -> None:
    tower = "".join(f"group g{level + 1} any g{level}\n" for level in range(3000))

    assert takes(f"{LINES}group g0 any a\n{tower}quorum g3000\n", "a")


A = WITNESSES["a"].key.text
MALFORMED = {
    "nothing": ("", "quorum"),
    "no quorum": (LINES, "quorum"),
    "two quorums": (LINES + "quorum a\nquorum b\n", "line 8"),
    "no final newline": (LINES + "quorum a", "no final newline"),
    "carriage return": (LINES + "quorum a\r\n", "control character"),
    "NUL": (LINES + "# \0\nquorum a\n", "control character"),
    "DEL": (LINES + "# \x7f\nquorum a\n", "control character"),
    "another word": (LINES + "whatever a\nquorum a\n", "line 7"),
    "upper case": (LINES + "QUORUM a\n", "line 7"),
    "log without a key": ("log\nquorum none\n", "line 1"),
    "log with too much": (LOG_LINE.rstrip() + " url more\nquorum none\n", "line 1"),
    "log with a witness's key": (f"log {A}\nquorum none\n", "line 1"),
    "log twice": (LOG_LINE + LOG_LINE + "quorum none\n", "line 2"),
    "log twice under two names": (LOG_LINE + f"log {Signer('b.example', bytes(range(32))).verifier.text}\nquorum none\n", "line 2"),
    "witness without a key": (LINES + "witness f\nquorum a\n", "line 7"),
    "witness with a log's key": (LINES + f"witness f {LOG.verifier.text}\nquorum a\n", "line 7"),
    "witness twice": (LINES + f"witness f {A}\nquorum a\n", "line 7"),
    "witness's name twice": (LINES + f"witness a {Cosigner('f', bytes(32)).key.text}\nquorum a\n", "line 7"),
    "witness called none": (f"witness none {A}\nquorum none\n", "line 1"),
    "post-quantum witness": ("witness q q+00000000+BgAA\nquorum q\n", "line 1"),
    "empty group": (LINES + "group g any\nquorum a\n", "line 7"),
    "group of nobody known": (LINES + "group g any z\nquorum g\n", "line 7"),
    "group of a later name": (LINES + "group g any h\ngroup h any a\nquorum g\n", "line 7"),
    "group of itself": (LINES + "group g any g\nquorum g\n", "line 7"),
    "group of none": (LINES + "group g any none\nquorum g\n", "line 7"),
    "member twice in a group": (LINES + "group g all a a\nquorum g\n", "line 7"),
    "member of two groups": (LINES + "group g any a\ngroup h any a\nquorum g\n", "line 8"),
    "group with a witness's name": (LINES + "group a any b\nquorum a\n", "line 7"),
    "threshold of 0": (LINES + "group g 0 a\nquorum g\n", "line 7"),
    "threshold beyond": (LINES + "group g 3 a b\nquorum g\n", "line 7"),
    "threshold with a zero before": (LINES + "group g 01 a\nquorum g\n", "line 7"),
    "threshold in words": (LINES + "group g some a\nquorum g\n", "line 7"),
    "quorum of nobody known": (LINES + "quorum z\n", "line 7"),
    "quorum of two": (LINES + "quorum a b\n", "line 7"),
    "quorum before its name": ("quorum a\n" + LINES, "line 1"),
    "too long": ("#" * MAX_POLICY + "\n", "bytes"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_policy_is_refused_and_says_where(what: str) -> None:
    text, where = MALFORMED[what]

    with pytest.raises(PolicyInvalid) as refused:
        parse_policy(text.encode())

    assert where in str(refused.value)
