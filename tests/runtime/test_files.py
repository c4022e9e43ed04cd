"""Register, agreements and services: loaded together, and reloaded whole or not at all."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest

from linkage.catalogue import RecordKind, load_records
from linkage.errors import Problem, SettingsInvalid
from linkage.in_force import InForce
from linkage.runtime.files import WatchedFiles, load_files
from linkage.settings import Settings

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "deploy" / "sample"
RECIPIENTS = ("doe", "dlpw", "dla")
RECORDS = ROOT / "adapters" / "dopa" / "records.toml"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The sample, as an operator would copy it."""
    shutil.copytree(SAMPLE, tmp_path / "files")
    return tmp_path / "files"


@pytest.fixture
def settings(folder: Path) -> Settings:
    absent = folder / "absent"
    said: dict[str, Any] = {
        "server": {"certificate": absent, "key": absent, "client_ca": absent},
        "log": {
            "origin": "linkage.example/audit",
            **dict.fromkeys(("path", "signing_key", "data_keys", "key_encryption_keys", "pseudonym_keys"), absent),
        },
        "tokens": {"keys": absent},
        "files": {
            "register": folder / "register.toml",
            "agreements": folder / "agreements.toml",
            "services": folder / "services",
            "reload_seconds": 0.01,
        },
        "sources": {name: {"adapter": name, "recipients": {key: {} for key in RECIPIENTS}} for name in ("dopa", "thaid")},
    }
    return Settings(**said)


@pytest.fixture
def kinds() -> tuple[RecordKind, ...]:
    return load_records([RECORDS])


class Operator:
    """Watches the gateway watch the files."""

    def __init__(self, settings: Settings, kinds: tuple[RecordKind, ...]) -> None:
        self.taken = list[InForce]()
        self.offered = list[tuple[InForce, InForce]]()
        self.log_takes_it = True
        self.refused = list[tuple[Problem, ...]]()
        self.watched = WatchedFiles(load_files(settings, kinds), settings, kinds, record=self._record, on_problem=self.refused.append)

    async def _record(self, files: InForce) -> bool:
        self.offered.append((files, self.watched.current))
        if self.log_takes_it:
            self.taken.append(files)
        return self.log_takes_it

    def error(self) -> tuple[Problem, ...] | None:
        return self.watched.last_error


@pytest.fixture
def operator(settings: Settings, kinds: tuple[RecordKind, ...]) -> Operator:
    return Operator(settings, kinds)


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


# ---- loading ---------------------------------------------------------------------------------------------------------------


def test_the_sample_is_in_order(settings: Settings, kinds: tuple[RecordKind, ...]) -> None:
    loaded = load_files(settings, kinds)
    assert len(loaded.catalogue.services) == 22
    assert {agreement.recipient for agreement in loaded.book.agreements} == {"doe", "dlpw", "dla"}
    assert len(loaded.digest) == 64


def test_the_digest_follows_each_of_the_three_files(settings: Settings, kinds: tuple[RecordKind, ...], folder: Path) -> None:
    digests = {load_files(settings, kinds).digest}
    for name in ("register.toml", "services/interior.toml", "agreements.toml"):
        with (folder / name).open("a") as file:
            file.write("# looked at\n")
        digests.add(load_files(settings, kinds).digest)
    assert len(digests) == 4


def test_problems_of_all_three_files_come_at_once(settings: Settings, kinds: tuple[RecordKind, ...], folder: Path) -> None:
    edit(folder / "register.toml", "suspended = true", "suspend = true")
    edit(folder / "services" / "justice.toml", 'agency = "moj"', 'agency = "justice"')
    edit(folder / "agreements.toml", '"gender", ', '"religion", ')
    with pytest.raises(SettingsInvalid) as invalid:
        load_files(settings, kinds)
    assert {(Path(p.file).name, p.key) for p in invalid.value.problems} == {
        ("register.toml", "counter[spiffe://linkage.example/centre/cm-01/counter/4].suspend"),
        ("justice.toml", "service[justice_fund].agency"),
        ("agreements.toml", "agreement[doe-dopa].records.dopa.person.religion"),
    }


def test_one_mistake_is_reported_once_and_not_by_everybody_who_names_it(
    settings: Settings, kinds: tuple[RecordKind, ...], folder: Path
) -> None:
    edit(folder / "register.toml", 'name_en = "Department of Employment"\n', "")
    edit(folder / "services" / "labour.toml", 'name_en = "Job-seeker registration"\n', "")
    with pytest.raises(SettingsInvalid) as invalid:
        load_files(settings, kinds)
    assert [problem.key for problem in invalid.value.problems] == ["agency[doe].name_en", "service[jobseeker_registration].name_en"]


def test_a_register_that_cannot_be_read_is_one_problem_and_not_a_hundred(
    settings: Settings, kinds: tuple[RecordKind, ...], folder: Path
) -> None:
    (folder / "register.toml").unlink()
    with pytest.raises(SettingsInvalid) as invalid:
        load_files(settings, kinds)
    assert [problem.key for problem in invalid.value.problems] == ["file"]


# ---- reloading ---------------------------------------------------------------------------------------------------------------


async def test_a_new_version_is_taken_whole(operator: Operator, folder: Path) -> None:
    await operator.watched.look()
    assert operator.taken == []

    edit(folder / "register.toml", "suspended = true", "suspended = false")
    await operator.watched.look()
    await operator.watched.look()

    (taken,) = operator.taken
    assert operator.watched.current is taken
    assert not taken.register.counters["spiffe://linkage.example/centre/cm-01/counter/4"].suspended


async def test_a_new_version_is_recorded_before_it_is_in_force_and_tried_again_until_it_is(operator: Operator, folder: Path) -> None:
    before = operator.watched.current
    operator.log_takes_it = False
    edit(folder / "register.toml", "suspended = true", "suspended = false")
    for _ in range(2):
        await operator.watched.look()
    assert operator.watched.current is before

    operator.log_takes_it = True
    for _ in range(2):
        await operator.watched.look()

    assert [in_force for _, in_force in operator.offered] == [before] * 3
    assert operator.watched.current is operator.offered[-1][0]


async def test_what_changed_between_loading_and_the_first_look_is_taken(operator: Operator, folder: Path) -> None:
    edit(folder / "services" / "labour.toml", '"Job-seeker registration"', '"Registration of job-seekers"')
    await operator.watched.look()
    assert len(operator.taken) == 1


async def test_a_new_file_of_services_is_taken_and_a_removed_one_is_missed(operator: Operator, folder: Path) -> None:
    await operator.watched.look()
    text = (folder / "services" / "demonstration.toml").read_text()
    (folder / "services" / "more.toml").write_text(text.replace("joint_counter_demo", "another_demo"))
    await operator.watched.look()
    assert "another_demo" in operator.watched.current.catalogue.services

    (folder / "services" / "more.toml").unlink()
    await operator.watched.look()
    assert "another_demo" not in operator.watched.current.catalogue.services
    assert len(operator.taken) == 2


async def test_a_bad_new_version_is_refused_and_the_old_one_stays_in_force(operator: Operator, folder: Path) -> None:
    before = operator.watched.current
    edit(folder / "agreements.toml", 'services = ["labour_complaint"]', 'services = ["labour_complaints"]')
    edit(folder / "register.toml", "suspended = true", "suspended = false")
    for _ in range(3):
        await operator.watched.look()

    assert operator.watched.current is before
    assert operator.taken == []
    (problems,) = operator.refused  # said once, not at every look
    assert operator.error() == problems
    assert {problem.key for problem in problems} == {"agreement[dlpw-dopa].services", "agreement[dlpw-thaid].services"}

    edit(folder / "agreements.toml", "labour_complaints", "labour_complaint")
    await operator.watched.look()
    assert operator.error() is None
    assert len(operator.taken) == 1


async def test_going_back_to_the_version_in_force_ends_the_error_and_changes_nothing(operator: Operator, folder: Path) -> None:
    await operator.watched.look()
    edit(folder / "services" / "justice.toml", 'agency = "moj"', 'agency = "justice"')
    await operator.watched.look()
    assert operator.error() is not None
    edit(folder / "services" / "justice.toml", 'agency = "justice"', 'agency = "moj"')
    await operator.watched.look()
    assert operator.error() is None
    assert operator.taken == []


async def test_a_version_refused_for_a_key_file_is_taken_once_the_key_file_is_mended(operator: Operator, folder: Path) -> None:
    keys = folder / "officers-doe.jwks.json"
    good = keys.read_text()
    keys.write_text("{")
    edit(folder / "register.toml", "suspended = true", "suspended = false")
    await operator.watched.look()
    assert operator.error() is not None
    keys.write_text(good)
    await operator.watched.look()
    assert operator.error() is None
    assert len(operator.taken) == 1


async def test_a_file_that_vanishes_leaves_the_old_version_in_force(operator: Operator, folder: Path) -> None:
    before = operator.watched.current
    await operator.watched.look()
    (folder / "agreements.toml").unlink()
    await operator.watched.look()
    assert operator.watched.current is before
    assert len(operator.refused) == 1


async def test_a_file_added_to_a_folder_of_agreements_or_changed_in_it_is_noticed(
    settings: Settings, kinds: tuple[RecordKind, ...], folder: Path
) -> None:
    book = folder / "book"
    book.mkdir()
    (folder / "agreements.toml").rename(book / "1.toml")
    files = settings.files.model_copy(update={"agreements": book})
    operator = Operator(settings.model_copy(update={"files": files}), kinds)
    await operator.watched.look()
    more = (book / "1.toml").read_text().split("[[agreement]]")[2].replace("doe-thaid", "doe-thaid-2")
    (book / "2.toml").write_text("[[agreement]]" + more)
    await operator.watched.look()
    assert [a.id for a in operator.watched.current.book.agreements][-1] == "doe-thaid-2"
    edit(book / "2.toml", "doe-thaid-2", "doe-thaid-3")
    await operator.watched.look()
    assert [a.id for a in operator.watched.current.book.agreements][-1] == "doe-thaid-3"


async def test_it_watches_until_it_is_cancelled(operator: Operator, folder: Path) -> None:
    watching = asyncio.create_task(operator.watched.run())
    edit(folder / "register.toml", "suspended = true", "suspended = false")
    async with asyncio.timeout(10):
        while not operator.taken:  # noqa: ASYNC110 (there is no event: the callback is what is waited for)
            await asyncio.sleep(0.01)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching


def test_what_is_agreed_and_cannot_be_asked_is_a_problem_before_an_officer_meets_it(
    settings: Settings, kinds: tuple[RecordKind, ...]
) -> None:
    dopa = settings.sources["dopa"]
    lacking = dopa.model_copy(update={"recipients": {"doe": {}, "dla": {}, "dox": {}}})
    wrong = settings.model_copy(update={"sources": {**settings.sources, "dopa": lacking}})

    with pytest.raises(SettingsInvalid) as raised:
        load_files(wrong, kinds)

    assert [(problem.key, problem.got) for problem in raised.value.problems] == [
        ("agreement[dlpw-dopa].recipient", "'dlpw'"),
        ("sources.dopa.recipients.dox", "'dox'"),
    ]
