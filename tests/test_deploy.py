"""What is in deploy/ says what the code does, and its own checkers accept it."""

import configparser
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from adapters.dopa.settings import DopaSettings
from adapters.thaid.settings import ThaidSettings
from linkage.settings import Attempts, Breaker, Files, Log, Server, Settings, Source, Tokens, load
from linkage.thresholds import Findings
from linkage.witness_settings import Witness

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
FULL = DEPLOY / "linkage.full.toml"

PARTS: dict[str, type[BaseModel]] = {
    "server": Server,
    "log": Log,
    "tokens": Tokens,
    "files": Files,
    "attempts": Attempts,
    "findings": Findings,
    "[log.witnesses]": Witness,
    "sources.dopa": Source,
    "sources.dopa.breaker": Breaker,
}
"""Tables of the settings page. Of each setting the file gives description, reason and default."""

ADAPTERS: dict[str, type[BaseModel]] = {"sources.dopa.recipients.doe": DopaSettings, "sources.thaid.recipients.doe": ThaidSettings}
"""Tables of adapters' own settings. Of each the file gives description, if there is one, and default."""


@dataclass(frozen=True)
class Written:
    """One setting as the file has it."""

    description: str
    why: str
    notes: frozenset[str]
    """Required., Absent by default."""
    value: Any
    commented_out: bool


def settings_of(table: str) -> dict[str, Written]:
    found: dict[str, Written] = {}
    here = ""
    comment: list[str] = []
    for line in FULL.read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"\[(.+)\]", line):
            here, comment = heading[1], []
        elif setting := re.fullmatch(r"(# )?([a-z_]+) = (.+)", line):
            if here == table:
                found[setting[2]] = written(comment, setting[3], commented_out=bool(setting[1]))
            comment = []
        elif line.startswith("# "):
            comment.append(line.removeprefix("# "))
        else:
            comment = []
    return found


def written(comment: list[str], value: str, *, commented_out: bool) -> Written:
    notes = frozenset(comment) & {"Required.", "Absent by default."}
    description, _, why = " ".join(line for line in comment if line not in notes).partition("Why: ")
    return Written(description.strip(), why, notes, tomllib.loads(f"value = {value}")["value"], commented_out)


def plain_fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields that are one line of a file, not a table of their own."""

    def is_table(field: FieldInfo) -> bool:
        return (
            isinstance(field.get_default(call_default_factory=True), BaseModel)
            or "dict" in str(field.annotation)
            or "tuple" in str(field.annotation)
        )

    return {name: field for name, field in model.model_fields.items() if not is_table(field)}


@pytest.mark.parametrize("table", [*PARTS, *ADAPTERS])
def test_the_full_file_names_every_setting_and_no_other(table: str) -> None:
    assert set(plain_fields((PARTS | ADAPTERS)[table])) == set(settings_of(table))


@pytest.mark.parametrize("table", [*PARTS, *ADAPTERS])
def test_each_setting_stands_with_its_own_description_and_default(table: str) -> None:
    model, found = (PARTS | ADAPTERS)[table], settings_of(table)
    for name, field in plain_fields(model).items():
        one = found[name]
        assert (field.description or "") == one.description, name
        if field.is_required():
            assert (frozenset({"Required."}), False) == (one.notes, one.commented_out), name
        elif field.default is None:
            stands = name in {"adapter", "path", "data_keys"}  # of adapter and manifest a source must have one, and a log one place
            assert (frozenset({"Absent by default."}), not stands) == (one.notes, one.commented_out), name
        else:
            assert (frozenset(), False) == (one.notes, one.commented_out), name
            assert field.default == one.value, name


@pytest.mark.parametrize("table", PARTS)
def test_each_setting_of_the_gateway_has_its_reason(table: str) -> None:
    assert all(one.why.endswith(".") and len(one.why) > 10 for one in settings_of(table).values())


def test_no_table_of_the_settings_page_is_missing() -> None:
    assert set(Settings.model_fields) - {"sources"} == {name for name in PARTS if "." not in name}


@pytest.mark.parametrize("name", ["jobs", "services", "query_keys"])
def test_the_tables_within_dopas_settings_are_complete(name: str) -> None:
    inner = DopaSettings.model_fields[name].get_default(call_default_factory=True)

    found = settings_of(f"sources.dopa.recipients.doe.{name}")

    assert set(type(inner).model_fields) == set(found)
    assert {key: value for key, value in inner.model_dump().items() if value is not None} == {
        key: one.value for key, one in found.items() if not one.commented_out
    }


def test_the_full_file_is_itself_good_settings() -> None:
    settings = load(FULL)

    assert {"dopa", "thaid"} == set(settings.sources)
    DopaSettings.model_validate(settings.sources["dopa"].recipients["doe"])


UNIT = DEPLOY / "linkage.service"

HARDENING = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "MemoryDenyWriteExecute": "yes",
    "RestrictNamespaces": "yes",
    "UMask": "0077",
    "LimitCORE": "0",
    "MemorySwapMax": "0",
}


class _Unit(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def test_the_unit_runs_a_checked_gateway_without_privileges() -> None:
    unit = _Unit(strict=False)
    unit.read_string(UNIT.read_text(encoding="utf-8"))
    service = dict(unit["Service"])

    assert service["ExecStart"].endswith("linkage serve --config /etc/linkage/linkage.toml")
    assert service["ExecStartPre"] == service["ExecStart"].replace("serve", "serve --check")
    assert "linkage" == service["User"]
    assert "" == service["CapabilityBoundingSet"]
    assert service.items() >= HARDENING.items()
    assert int(service["TimeoutStopSec"]) > Server.model_fields["drain"].default
    assert "1 2" == service["RestartPreventExitStatus"]


WITNESS_UNIT = DEPLOY / "linkage-witness.service"


def test_the_witnesss_unit_runs_a_witness_without_privileges() -> None:
    from typer.main import get_command

    from linkage.cli.main import app

    unit = _Unit(strict=False)
    unit.read_string(WITNESS_UNIT.read_text(encoding="utf-8").replace("\\\n", " "))
    service = dict(unit["Service"])

    words = service["ExecStart"].split()
    serve: Any = get_command(app)
    for name in words[1:3]:
        serve = serve.commands[name]
    assert {word for word in words if word.startswith("--")} <= {text for option in serve.params for text in option.opts}
    assert ("linkage-witness", "", "2") == (service["User"], service["CapabilityBoundingSet"], service["RestartPreventExitStatus"])
    assert service.items() >= HARDENING.items()


@pytest.mark.parametrize("unit", [UNIT, WITNESS_UNIT], ids=["gateway", "witness"])
def test_systemd_itself_accepts_the_unit(tmp_path: Path, unit: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return  # its own checker is not on this machine; the test above has parsed it
    installed = tmp_path / unit.name
    installed.write_text(unit.read_text(encoding="utf-8").replace("/opt/linkage/bin/linkage", "/bin/true"), encoding="utf-8")

    verified = subprocess.run([analyze, "verify", str(installed)], capture_output=True, text=True, check=False, timeout=60)

    assert (0, "") == (verified.returncode, verified.stdout + verified.stderr)


INSTRUCTIONS = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT", "CMD"}


def instructions() -> Iterator[tuple[str, str]]:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        name, _, rest = line.partition(" ")
        yield name, rest.strip()


def test_the_container_file_is_well_formed() -> None:
    found = list(instructions())

    assert "ARG" == found[0][0]
    assert {name for name, _ in found} <= INSTRUCTIONS
    assert all(rest for _, rest in found)
    stages = [rest.partition(" AS ")[2] for name, rest in found if name == "FROM"]
    assert ["build", ""] == stages
    taken = [flag for name, rest in found if name == "COPY" for flag in re.findall(r"--from=(\S+)", rest)]
    assert ["build"] == taken
    for name, rest in found:
        if name in {"ENTRYPOINT", "CMD", "VOLUME"}:
            assert all(isinstance(word, str) for word in json.loads(rest))


def test_the_container_takes_hashed_dependencies_and_runs_without_root() -> None:
    found = list(instructions())
    last_stage = found[[index for index, (name, _) in enumerate(found) if name == "FROM"][-1] :]

    runs = [step for name, rest in found if name == "RUN" for step in rest.split("&&")]
    fetching = [step for step in runs if re.search(" pip (install|wheel) ", step) and "--no-index" not in step]
    assert fetching
    assert all("--require-hashes" in step for step in fetching)
    assert [user for name, user in last_stage if name == "USER"] == ["65532:65532"]
    assert not [rest for name, rest in last_stage if name == "RUN" and "pip" in rest]


def test_what_the_container_copies_is_there() -> None:
    for name, rest in instructions():
        if name == "COPY" and "--from" not in rest:
            assert all((ROOT / source).exists() for source in rest.split()[:-1]), rest


def test_every_command_of_the_deployment_guide_exists() -> None:
    from typer.main import get_command

    from linkage.cli.main import app

    guide = (DEPLOY / "README.md").read_text(encoding="utf-8")
    for line in re.findall(r"^linkage (.+?)(?: #.*)?$", guide, re.MULTILINE):
        command: Any = get_command(app)
        words = line.split()
        while hasattr(command, "commands"):
            command = command.commands[words.pop(0)]
        options = {text for option in command.params for text in (*option.opts, *option.secondary_opts)}
        assert {word for word in words if word.startswith("--")} <= options, line
