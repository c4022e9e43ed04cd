"""Adapters found through real entry points of real (if tiny) installed distributions."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from linkage.clock import FakeClock
from linkage.errors import Problem, Reason, Refusal, SettingsInvalid
from linkage.settings import Source
from linkage.sources.adapter import Found, Query
from linkage.sources.breaker import BreakerState
from linkage.sources.registry import Registry
from linkage.sources.resilience import Observation
from linkage.terms import CitizenNumber, FieldName, RecipientId, RecordType, ServiceId, SourceName, VisitPerson
from linkage.transport import in_process_client

FILE = "linkage.toml"

ADAPTER = """
from pathlib import Path
from pydantic import BaseModel, ConfigDict
from linkage.sources.adapter import Adapter, Fetches, Found
from linkage.sources.address import AgencyUrl, origin

class Deeper(BaseModel):
    token_file: Path

class Pier(Adapter, Fetches):
    class Settings(BaseModel):
        model_config = ConfigDict(extra="forbid")
        url: AgencyUrl
        secret_file: Path | None = None
        deeper: Deeper | None = None

    records_file = Path(__file__).with_name("records.toml")

    def base_urls(self, settings):
        return frozenset({origin(settings.url)})

    async def fetch(self, query, link):
        response = await link.client.get(link.settings.url)
        return {kind: Found({name: response.text for name in fields}) for kind, fields in query.wanted.items()}

class NotAnAdapter:
    pass
"""


class Silent:
    def asked(self, observation: Observation) -> None:
        pass

    def breaker(self, source: SourceName, state: BreakerState) -> None:
        pass


Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution with adapters: a module, its records, and entry points."""
    monkeypatch.syspath_prepend(tmp_path)

    def one(
        points: str, *, module: str = "pier_adapter", records: str = '[[record]]\ntype = "pier.boat"\n', distribution: str = "pier"
    ) -> Path:
        (tmp_path / module).mkdir(exist_ok=True)
        (tmp_path / module / "__init__.py").write_text(ADAPTER)
        (tmp_path / module / "records.toml").write_text(records)
        info = tmp_path / f"{distribution}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[linkage.adapters]\n{points}\n")
        return tmp_path / module

    yield one
    for name in [name for name in sys.modules if name.startswith(("pier_adapter", "quay_adapter"))]:
        del sys.modules[name]


def source(**settings: Any) -> Source:
    return Source.model_validate({"adapter": "pier", "recipients": {"doe": {"url": "http://127.0.0.1:9/boats"}}} | settings)


def load(**sources: Source) -> Registry:
    return Registry.load(sources, FILE, clock=FakeClock(), observer=Silent())


def problems(**sources: Source) -> tuple[Problem, ...]:
    with pytest.raises(SettingsInvalid) as caught:
        load(**sources)
    return caught.value.problems


async def test_a_named_adapter_is_found_and_connected(install: Install) -> None:
    folder = install("pier = pier_adapter:Pier")
    registry = load(pier=source())
    pier = registry.source(SourceName("pier"))
    assert pier.discloses
    assert pier.recipients == {RecipientId("doe")}
    assert [(one.source, one.path) for one in registry.records] == [("pier", folder / "records.toml")]
    assert list(registry.sources) == ["pier"]
    await registry.aclose()


async def test_an_installed_adapter_that_no_source_names_is_not_even_imported(install: Install) -> None:
    install("pier = pier_adapter:Pier")
    registry = load()
    assert list(registry.sources) == []
    assert "pier_adapter" not in sys.modules


async def test_a_simulator_can_stand_in_an_agencys_place(install: Install) -> None:
    install("pier = pier_adapter:Pier")
    app = Starlette(routes=[Route("/boats", lambda _request: PlainTextResponse("Nok Nang Nuan"))])
    registry = Registry.load(
        {"pier": source()},
        FILE,
        clock=FakeClock(),
        observer=Silent(),
        client_for=lambda _name, _source, origins: in_process_client(app, origins),
    )
    boat, name = RecordType("pier.boat"), FieldName("name")
    query = Query(VisitPerson(CitizenNumber("1101700230708")), ServiceId("boat_licence"), {boat: (name,)})
    fetched = await registry.source(SourceName("pier")).fetch(query, RecipientId("doe"), "an-id", 5.0)
    assert fetched.answers == {boat: Found({name: "Nok Nang Nuan"})}
    await registry.aclose()


def test_a_source_nobody_knows_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        load().source(SourceName("pier"))
    assert caught.value.reason is Reason.UNKNOWN_SOURCE


def test_without_a_source_that_exchanges_codes_the_exchange_is_refused(install: Install) -> None:
    install("pier = pier_adapter:Pier")
    with pytest.raises(Refusal) as caught:
        load(pier=source()).code_exchange(RecipientId("doe"))
    assert caught.value.reason is Reason.UNKNOWN_SOURCE


def test_an_unknown_adapter_is_told_those_installed(install: Install) -> None:
    install("pier = pier_adapter:Pier\nquay = pier_adapter:Pier")
    (problem,) = problems(pier=source(adapter="peer"))
    assert (problem.file, problem.key, problem.got) == (FILE, "sources.pier.adapter", "'peer'")
    assert "pier, quay" in problem.expected


def test_a_name_claimed_by_two_distributions_is_nobodys(install: Install) -> None:
    install("pier = pier_adapter:Pier")
    install("pier = quay_adapter:Pier", module="quay_adapter", distribution="quay")
    (problem,) = problems(pier=source())
    assert problem.key == "sources.pier.adapter"
    assert "not several" in problem.expected


@pytest.mark.parametrize("point", ["pier_adapter:Gone", "gone_adapter:Pier", "pier_adapter:NotAnAdapter", "pier_adapter:ADAPTER"])
def test_an_entry_point_to_no_adapter_is_a_problem(point: str, install: Install) -> None:
    install(f"pier = {point}")
    (problem,) = problems(pier=source())
    assert problem.key == "sources.pier.adapter"
    assert point in problem.got


def test_all_settings_that_the_schema_refuses_are_reported_without_what_was_given(install: Install) -> None:
    install("pier = pier_adapter:Pier")
    given = {"doe": {"url": "http://agency.example/", "secret": "hunter2"}, "dlpw": {}}
    found = problems(pier=source(recipients=given))
    assert [problem.key for problem in found] == [
        "sources.pier.recipients.doe.url",
        "sources.pier.recipients.doe.secret",
        "sources.pier.recipients.dlpw.url",
    ]
    assert not any("hunter2" in str(problem) for problem in found)


def test_every_secret_file_must_be_readable(install: Install, tmp_path: Path) -> None:
    install("pier = pier_adapter:Pier")
    readable = tmp_path / "secret"
    readable.write_text("x")
    given = {
        "doe": {"url": "http://127.0.0.1:9/", "secret_file": str(readable), "deeper": {"token_file": str(tmp_path / "gone")}},
        "dlpw": {"url": "http://127.0.0.1:9/", "secret_file": str(tmp_path)},
    }
    assert [problem.key for problem in problems(pier=source(recipients=given))] == [
        "sources.pier.recipients.doe.deeper.token_file",
        "sources.pier.recipients.dlpw.secret_file",
    ]


@pytest.mark.parametrize("wrong", ["ca", "client_certificate", "client_key"])
def test_certificate_files_that_do_not_fit_are_a_problem(wrong: str, install: Install, tmp_path: Path) -> None:
    install("pier = pier_adapter:Pier")
    (tmp_path / "not.pem").write_text("not PEM")
    files = {"client_certificate": str(tmp_path / "not.pem")} if wrong == "client_key" else {}
    (problem,) = problems(pier=source(**files | {wrong: str(tmp_path / "not.pem")}))
    assert problem.key == "sources.pier"


@pytest.mark.parametrize(
    ("records", "key"),
    [
        ('[[record]]\ntype = "dopa.person"\n', "record.0.type"),
        ('[[record]]\ntype = "pier.boat"\n[[record]]\ntype = "pier.boat"\n', "record.1.type"),
        ('[[record]]\ntitle_en = "A boat"\n', "record.0.type"),
        ("not TOML", "file"),
    ],
    ids=["another source's", "twice", "without a name", "not TOML"],
)
def test_record_types_are_named_after_their_source_and_stand_once(records: str, key: str, install: Install) -> None:
    folder = install("pier = pier_adapter:Pier", records=records)
    (problem,) = problems(pier=source())
    assert (problem.file, problem.key) == (str(folder / "records.toml"), key)


def test_an_adapter_under_another_sources_name_cannot_disclose_its_records(install: Install) -> None:
    install("pier = pier_adapter:Pier")
    (problem,) = problems(quay=source())
    assert problem.key == "record.0.type"


def test_problems_of_all_sources_come_at_once(install: Install) -> None:
    install("pier = pier_adapter:Pier")
    found = problems(pier=source(recipients={"doe": {}}), other=source(adapter="gone"))
    assert [problem.key for problem in found] == ["sources.pier.recipients.doe.url", "sources.other.adapter"]


async def test_recipients_at_one_origin_share_connections_and_others_do_not(install: Install) -> None:
    install("pier = pier_adapter:Pier")
    made: list[frozenset[str]] = []

    def client_for(name: SourceName, one: Source, origins: frozenset[str]) -> Any:
        made.append(origins)
        return in_process_client(Starlette(), origins)

    at = {"doe": "http://127.0.0.1:9/a", "dlpw": "http://127.0.0.1:9/b", "dsd": "http://127.0.0.2:9/"}
    given = source(recipients={name: {"url": url} for name, url in at.items()})
    registry = Registry.load({"pier": given}, FILE, clock=FakeClock(), observer=Silent(), client_for=client_for)
    assert made == [{"http://127.0.0.1:9"}, {"http://127.0.0.2:9"}]
    await registry.aclose()
