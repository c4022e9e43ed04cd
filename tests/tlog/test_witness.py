"""What a witness decides, as the specification orders it: one status for each way in which a request is not granted."""

from collections.abc import Mapping

import pytest

from linkage.tlog.cosignature import Cosigner
from linkage.tlog.encoding import to_base64
from linkage.tlog.log_keys import LogKey, LogSigner, LogVerifier
from linkage.tlog.note import Signer
from linkage.tlog.witness import Declined, Seen, Status, admit, compare
from linkage.tlog.witness_wire import write_request
from tests.witnessed import LOG, GrowingLog

GROWN = GrowingLog(20)
FORKED = GrowingLog(20, "other", shared=3)
LOGS: Mapping[str, LogVerifier] = {LOG.verifier.name: LOG.verifier}
STRANGER = LogSigner.of(Signer("linkage.example/audit", bytes(range(1, 33))))
ELSEWHERE = LogSigner.of(Signer("elsewhere.example/log", bytes(range(32))))


def declined(body: bytes, seen: Seen | None = None, logs: Mapping[str, LogVerifier] = LOGS) -> tuple[int, int | None]:
    """The status, and the size that is told with it."""
    with pytest.raises(Declined) as answer:
        compare(admit(body, logs), seen or Seen())
    return answer.value.status, answer.value.size


def seen(size: int, log: GrowingLog = GROWN) -> Seen:
    return Seen(size, log.roots[size])


@pytest.mark.parametrize("old", range(21))
def test_what_follows_is_granted_from_every_size(old: int) -> None:
    for new in range(old, 21):
        submission = admit(GROWN.request(old, new), LOGS)
        compare(submission, seen(old))
        assert (new, GROWN.roots[new]) == (submission.checkpoint.size, submission.checkpoint.root)


def test_what_cannot_be_read_is_malformed() -> None:
    assert (400, None) == declined(b"old x\n\n" + GROWN.note(7).encode())
    assert (400, None) == declined(b"old 0\n\nno note\n")
    assert (400, None) == declined(GROWN.request(3, 7) + b"\n")


def test_a_signed_text_that_is_no_checkpoint_is_malformed() -> None:
    assert (400, None) == declined(write_request(0, (), LOG.sign("linkage.example/audit\nseven\nroot\n")))


def test_an_unknown_log_is_not_found_whoever_signed_it() -> None:
    assert (404, None) == declined(GrowingLog(7, signer=ELSEWHERE).request(0, 7))


def test_a_log_whose_key_is_not_known_is_not_trusted() -> None:
    assert (403, None) == declined(GrowingLog(7, signer=STRANGER).request(0, 7))


def test_a_known_logs_bad_signature_is_not_trusted() -> None:
    assert (403, None) == declined(GROWN.request(0, 7).replace(to_base64(GROWN.roots[7]).encode(), to_base64(GROWN.roots[6]).encode()))


def test_lines_of_others_are_ignored() -> None:
    line = Cosigner("someone.example/else", bytes(32)).cosign(GROWN.note(7).partition("\n\n")[0] + "\n", 1)

    compare(admit(GROWN.request(0, 7) + line.encode(), LOGS), Seen())


def test_a_key_that_had_ended_is_not_trusted_for_what_came_later() -> None:
    newer = Signer("linkage.example/audit", bytes(range(2, 34)))
    keys = LogVerifier((LogKey(newer.verifier, 5), LogKey(LOG.verifier.current, 0, 6)))

    compare(admit(GROWN.request(0, 6), {keys.name: keys}), Seen())
    assert (403, None) == declined(GROWN.request(0, 7), logs={keys.name: keys})


def test_an_old_size_beyond_the_checkpoint_is_malformed() -> None:
    assert (400, None) == declined(write_request(8, (), GROWN.note(7)), seen(8))


@pytest.mark.parametrize("newest", [0, 2, 4, 7, 9])
def test_another_old_size_is_answered_with_the_newest(newest: int) -> None:
    assert (409, newest) == declined(GROWN.request(3, 7), seen(newest))


def test_a_proof_that_does_not_hold_is_refused() -> None:
    good = GROWN.path(3, 7)
    for wrong in (good[:-1], [*good, good[0]], list(reversed(good)), []):
        assert (422, None) == declined(write_request(3, wrong, GROWN.note(7)), seen(3))


def test_another_history_is_refused_with_every_proof_it_can_give() -> None:
    assert (422, None) == declined(FORKED.request(7, 9), seen(7))
    assert (422, None) == declined(FORKED.request(7, 7), seen(7))
    compare(admit(FORKED.request(3, 9), LOGS), seen(3))


def test_a_proof_from_nothing_is_refused() -> None:
    assert (422, None) == declined(write_request(0, GROWN.path(3, 7), GROWN.note(7)))


def test_an_empty_log_of_another_root_is_refused() -> None:
    assert (422, None) == declined(write_request(0, (), LOG.sign(f"linkage.example/audit\n0\n{to_base64(bytes(32))}\n")))
    compare(admit(GROWN.request(0, 0), LOGS), Seen())


def test_every_status_of_the_specification_has_a_test_here() -> None:
    assert {400, 403, 404, 409, 422} == {int(status) for status in Status}
