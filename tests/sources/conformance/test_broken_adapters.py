"""Every broken adapter is caught by the check that is meant for it, and by no other."""

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from linkage.sources.conformance import CHECKS, Outcome, run_checks
from tests.sources.conformance.harbour import broken, broken_disk, broken_memory, broken_wire
from tests.sources.conformance.harbour.adapter import Harbour, WholeHarbour
from tests.sources.conformance.harbour.kit import HERE, caught, caught_here, harbour
from tests.sources.conformance.harbour.simulator import HarbourSimulator

ADAPTERS: dict[type[Harbour], str] = {
    broken.NamesRecordsAfterAnother: "records-are-right",
    broken.TakesUnknownKeys: "settings-refuse-unknown-keys",
    broken.NamesAPathAsOrigin: "origins-are-named",
    broken.LeavesAFieldOut: "found-is-whole",
    broken.GivesANumberAsText: "values-are-of-their-kind",
    broken.GivesEverything: "nothing-is-disclosed-unasked",
    broken.GivesWhatIsNotDeclared: "nothing-is-disclosed-unasked",
    broken.PutsValuesIntoAlsoSent: "also-sent-is-names",
    broken.CannotSayNo: "not-found-is-an-answer",
    broken.AnswersTheFirstAlone: "every-type-is-answered",
    broken.AsksTwice: "questions-are-not-repeated",
    broken.NamesNobody: "the-subject-is-named",
    broken.EchoesTheQuestion: "a-wrong-person-is-noticed",
    broken.NamesByHeartWhereNobodyIsNamed: "a-wrong-person-is-noticed",
    broken.AsksAboutAnybody: "other-subjects-are-not-asked",
    broken.AsksWithoutALogin: "a-login-is-demanded",
    broken.MixesPeopleUp: "questions-do-not-mix",
    broken.KeepsTheLastAnswer: "it-keeps-nothing",
    broken_memory.KeepsARecordInItsModule: "it-keeps-nothing",
    broken_memory.KeepsARecordOnItsClass: "it-keeps-nothing",
    broken_disk.WritesARecordToDisk: "it-keeps-nothing",
    broken_disk.WritesPastPythonsFiles: "it-keeps-nothing",
    broken_disk.StartsAProgram: "it-keeps-nothing",
    broken.MatchesEveryCard: "evidence-gets-its-verdict",
    broken.ShowsChipsToo: "other-evidence-is-not-asked",
    broken.NeverEndsALogin: "a-login-goes-round",
    broken.ProbesWithSomebody: "a-probe-names-nobody",
    broken_wire.TakesAResetForNo: "a-reset-is-unavailable",
    broken_wire.TakesACutAnswerForNo: "a-cut-answer-is-unavailable",
    broken_wire.TakesGarbageForNo: "garbage-is-unavailable",
    broken_wire.TakesHalfAMessageForNo: "half-a-message-is-unavailable",
    broken_wire.TakesAnEmptyBodyForNo: "nonsense-is-unavailable",
    broken_wire.TakesAnEmptyObjectForNo: "nonsense-is-unavailable",
    broken_wire.TakesAHugeAnswerForNo: "a-huge-answer-is-unavailable",
    broken_wire.TakesALateAnswerForNo: "a-late-answer-is-unavailable",
    broken_wire.TakesAServerErrorForNo: "a-server-error-is-unavailable",
    broken.CallsAnUnreadCardWrong: "a-server-error-is-unavailable",
    broken_wire.TakesJsonUnder503ForNo: "a-server-error-is-unavailable",
    broken_wire.ReadsItsOwnMessageUnder500: "a-server-error-is-unavailable",
    broken_wire.TakesAnUnknownCodeForNo: "an-unknown-code-is-unavailable",
    broken_wire.TakesAnUnknownCodeWithoutARecordForNo: "an-unknown-code-is-unavailable",
    broken_wire.TakesAnUnreadableDateForNo: "an-unknown-code-is-unavailable",
    broken.TakesAnUnknownCardForWrong: "an-unknown-code-is-unavailable",
    broken_wire.TakesAPageUnder404ForNo: "a-bare-404-is-unavailable",
    broken_wire.Takes404ForNo: "a-bare-404-is-unavailable",
    broken_wire.TakesTooManyForNo: "too-many-requests-is-no-answer",
    broken_wire.TakesARefusalForNo: "a-bare-refusal-is-no-answer",
    broken_wire.FollowsRedirects: "redirects-are-not-followed",
    broken_wire.AsksElsewhere: "it-asks-only-named-origins",
    broken_wire.BringsItsOwnClient: "it-asks-through-its-client-only",
    broken_wire.AsksAgain: "it-does-not-retry",
    broken_wire.SleepsWhenLate: "it-keeps-to-its-time",
    broken_wire.SwallowsCancellation: "cancellation-passes",
    broken_wire.RaisesWhatItLikes: "it-raises-only-what-is-agreed",
    broken.QuotesTheReply: "errors-tell-no-value",
    broken.LogsTheNumber: "log-lines-tell-no-value",
    broken.LogsARecord: "log-lines-tell-no-value",
    broken.PrintsARecord: "log-lines-tell-no-value",
    broken.PutsTheNumberIntoTheAddress: "addresses-tell-no-value",
    broken.PutsTheKeyIntoTheAddress: "addresses-tell-no-value",
    broken.ForgetsTls: "certificate-expiry-is-reported",
}

SIMULATORS: dict[type[HarbourSimulator], str] = {
    broken.SmallSimulator: "simulator-has-people-enough",
    broken.StrangeSettings: "simulator-settings-fit",
    broken.NobodyIsMissing: "simulator-has-examples",
    broken.DeafToItsKnob: "simulator-obeys-its-knobs",
}

READMES = {
    "`berth`": "readme-lists-every-field",
    "ท่าจอด": "readme-lists-every-field",
    "`key_file`": "readme-lists-every-setting",
    "`redirect`": "readme-lists-every-knob",
}


@pytest.fixture(scope="module")
def verdicts() -> Iterator[Mapping[type[Harbour], Future[set[str]]]]:
    """What the kit says of every broken adapter, as it comes: each is a run of its own, and there are many."""
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        yield {kind: pool.submit(caught_here, kind) for kind in ADAPTERS}


async def test_the_sound_adapter_passes_every_check_and_each_applies_to_it() -> None:
    results = await run_checks(harbour(WholeHarbour))

    assert {one.name: one.seen for one in results if one.outcome is not Outcome.PASSED} == {}
    assert [one.name for one in results] == list(CHECKS)


@pytest.mark.timeout(400)  # whoever comes first waits for the others' turn
@pytest.mark.parametrize(("kind", "check"), ADAPTERS.items(), ids=lambda one: getattr(one, "__name__", one))
def test_a_broken_adapter_is_caught_by_the_check_meant_for_it_alone(
    verdicts: Mapping[type[Harbour], Future[set[str]]], kind: type[Harbour], check: str
) -> None:
    assert verdicts[kind].result() == {check}


@pytest.mark.parametrize(("kind", "check"), SIMULATORS.items(), ids=lambda one: getattr(one, "__name__", one))
async def test_a_broken_simulator_is_caught_by_the_check_meant_for_it_alone(kind: type[HarbourSimulator], check: str) -> None:
    assert await caught(harbour(make_simulator=kind)) == {check}


@pytest.mark.parametrize(("word", "check"), READMES.items(), ids=["field", "label", "setting", "knob"])
async def test_a_readme_without_a_word_is_caught_by_the_check_meant_for_it_alone(word: str, check: str, tmp_path: Path) -> None:
    told = (HERE / "README.md").read_text(encoding="utf-8").replace(word, "")
    (tmp_path / "README.md").write_text(told, encoding="utf-8")

    assert await caught(harbour(folder=tmp_path)) == {check}


async def test_a_secret_in_the_settings_is_caught_by_the_check_meant_for_it_alone(tmp_path: Path) -> None:
    told = (HERE / "README.md").read_text(encoding="utf-8") + "\nAnd `client_secret`.\n"
    (tmp_path / "README.md").write_text(told, encoding="utf-8")

    assert await caught(harbour(broken.KeepsASecretInTheSettings, folder=tmp_path)) == {"secrets-are-files"}


async def test_a_register_that_stamps_its_answers_with_the_time_is_not_taken_for_a_broken_adapter() -> None:
    assert await caught(harbour(make_simulator=broken.StampsItsAnswers)) == set()


async def test_an_adapter_without_a_simulator_is_caught_once() -> None:
    assert await caught(harbour(make_simulator=None)) == {"simulator-settings-fit"}


def test_every_check_has_a_broken_adapter_that_it_catches() -> None:
    caught_here = {*ADAPTERS.values(), *SIMULATORS.values(), *READMES.values(), "secrets-are-files"}

    assert caught_here == set(CHECKS)
