"""The settings page: one TOML file, then LINKAGE_* from the environment.

Unknown keys are errors, and all problems are reported at once. Secrets are paths of files. Nothing here switches
authentication or the log off. `deploy/linkage.full.toml` shows every setting with its default and its reason.
Relative paths are relative to the settings file.
"""

import tomllib
import warnings
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from linkage.errors import Problem, SettingsInvalid
from linkage.thresholds import Findings
from linkage.witness_settings import Witnessed

Seconds = Annotated[float, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(_Part):
    """The gRPC face."""

    listen: str = Field("127.0.0.1:7443", description="host:port; port 0 lets the system choose")
    certificate: Path = Field(description="server certificate chain, PEM")
    key: Path = Field(description="its private key, PEM")
    client_ca: Path = Field(description="CA certificates that counters' certificates must chain to, PEM")
    reflection: bool = Field(default=True, description="serve gRPC reflection to authenticated connections")
    max_deadline: Seconds = Field(30.0, description="seconds; taken where a client gives no deadline, and the most it may give")
    reserve: Seconds = Field(1.0, description="seconds of each deadline kept for recording the outcome")
    least_deadline: Seconds = Field(0.2, description="seconds; a request with less left for the agency is refused before it is asked")
    max_message_bytes: int = Field(262_144, ge=16_384, description="largest request taken; gRPC itself cuts off at twice as much")
    request_seconds: Seconds = Field(
        10.0, description="seconds in which a connection's handshake must be done, and a call's request have come once its head has"
    )
    max_concurrent: int = Field(
        512,
        ge=1,
        description="requests under way at once in one worker, and a ninth as many of one counter alone; more are refused as OVERLOADED",
    )
    workers: int = Field(1, ge=1, le=64, description="processes that share the port and the log; 1: this process serves by itself")
    connection_age: Seconds = Field(
        600.0,
        description="seconds after which a connection is asked to reconnect, so that load spreads and new certificates reach old connections",
    )
    drain: Seconds = Field(35.0, description="seconds given to requests under way at SIGTERM")
    metrics_listen: str = Field("127.0.0.1:9464", description="host:port of the Prometheus page; empty: none")


class Log(Witnessed):
    """The access log."""

    origin: str = Field(description="the log's name, a URL without scheme, e.g. linkage.example/audit; never changes")
    path: Path | None = Field(None, description="SQLite file of the log; a local file system. This or postgres")
    postgres: Path | None = Field(
        None, description="file with the libpq connection string of the log's PostgreSQL database, for many gateways. This or path"
    )
    signing_key: Path = Field(description="file with the log's private key (PRIVATE+KEY+...)")
    data_keys: Path | None = Field(
        None, description="SQLite file of the data keys, with path; keep its backups apart from the log's, and shorter"
    )
    data_keys_postgres: Path | None = Field(
        None, description="file with the libpq connection string of the data keys' database, another one than the log's; with postgres"
    )
    anchor: Path | None = Field(
        None,
        description="file of the newest checkpoint this gateway saw, on a disk of its own; `<data_keys>.anchor` where absent. Required with postgres",
    )
    search_index: Path | None = Field(
        None,
        description="SQLite file of the search index; `<path>.index` where absent, with postgres `<anchor>.index`; local to each gateway",
    )
    key_encryption_keys: Path = Field(description="file of `<id>:<64 hex digits>` lines; the first seals, all open")
    pseudonym_keys: Path = Field(description="file of `<epoch>:<64 hex digits>` lines; the first is current")
    retention_days: int = Field(
        3653, ge=1, le=36_525, description="days for which the log can show whom an access was about, where no agreement says otherwise"
    )
    replica: str = Field("a", pattern=r"^[a-z0-9-]{1,32}$", description="this gateway's name in the log")
    append_timeout: Seconds = Field(5.0, description="seconds after which an entry that is not durable counts as not recordable")
    queue: int = Field(1024, ge=16, description="entries that may wait; a third is reserved for outcomes")
    refuse_intents_below: int = Field(64 * 2**20, ge=0, description="bytes free on the log's disk below which nothing new is begun")
    refuse_all_below: int = Field(8 * 2**20, ge=0, description="bytes free below which nothing is recorded at all")
    recover_after: Seconds = Field(
        90.0,
        description="seconds after which an intent without outcome is closed as `recovered`; more than max_deadline",
    )
    clock_jump: Seconds = Field(
        3600.0,
        description="seconds that the wall clock may step ahead while the gateway runs; beyond it nothing is recorded until it is right",
    )
    self_audit_hours: float = Field(24.0, gt=0, description="hours from one re-reading of the whole log, in the background, to the next")
    self_audit_rate: int = Field(
        1000, ge=1, description="entries a second that the re-reading takes at most, so that it is in nobody's way"
    )

    @model_validator(mode="after")
    def _in_one_place(self) -> "Log":
        if (self.path is None) == (self.postgres is None):
            raise ValueError("either log.path or log.postgres")
        # Keys that one machine alone holds could be neither found nor forgotten by the other gateways.
        own, other, where = (
            ("data_keys", "data_keys_postgres", "path") if self.postgres is None else ("data_keys_postgres", "data_keys", "postgres")
        )
        if getattr(self, own) is None or getattr(self, other) is not None:
            raise ValueError(f"with log.{where} the data keys are in log.{own}, and log.{other} is left out")
        if self.postgres is not None and self.anchor is None:
            raise ValueError("with log.postgres each gateway has a log.anchor of its own: a file on its own disk")
        return self


class Tokens(_Part):
    """What officers bring, and what the gateway hands out."""

    audience: str = Field("linkage", description="`aud` that officer tokens must carry")
    officer_hours: float = Field(12.0, gt=0, le=12, description="longest life of an officer token, hours")
    keys: Path = Field(
        description="file of `<id>:<64 hex digits>` lines that seal visits and agency sessions; the same for all replicas; the first seals, all open"
    )
    visit_minutes: float = Field(15.0, gt=0, le=60, description="how long a visit lasts")
    replay_seconds: float = Field(
        120.0,
        gt=0,
        le=600,
        description="how long a retry with the same client request id is answered with the same record; kept sealed",
    )


class Attempts(_Part):
    """How many failed verifications are taken, across all gateways."""

    per_person: int = Field(5, ge=1, description="verifications of one person without a match in the window")
    per_officer: int = Field(20, ge=1, description="verifications by one officer without a match in the window")
    window_minutes: float = Field(15.0, gt=0, le=1440, description="minutes")


with warnings.catch_warnings():
    # Pydantic warns that `register` hides ABCMeta.register, which nobody calls on settings; the operator's word stays.
    warnings.filterwarnings("ignore", message='Field name "register"')

    class Files(_Part):
        """What is agreed, and between whom. Read again when they change; a bad new version is refused and the old one stays in force."""

        register: Path = Field(description="agencies, centres, counters, issuers, auditors: TOML")
        agreements: Path = Field(description="agreements: a TOML file or a folder of them")
        services: Path = Field(description="services of the Citizen's Guide: a TOML file or a folder of them")
        reload_seconds: Seconds = Field(2.0, description="how often the files are looked at")


class Breaker(_Part):
    """When an agency that keeps failing is left alone for a while."""

    failures: int = Field(5, ge=1, description="failures in a row that open it")
    open_seconds: Seconds = Field(10.0, description="seconds before one request tries again")


class Source(_Part):
    """One agency to ask."""

    adapter: str | None = Field(
        None, description="entry-point name of the adapter; installed is not enabled: only those named here load. This or manifest"
    )
    manifest: Path | None = Field(
        None, description="folder with manifest.toml and records.toml, for an agency without an adapter of its own. This or adapter"
    )
    concurrency: int = Field(64, ge=1, description="requests under way at this agency in one worker; more wait, within their deadline")
    timeout: Seconds = Field(10.0, description="seconds for one request, its retries included; never past the client's deadline")
    attempts: int = Field(2, ge=1, le=3, description="tries of a request known not to have been sent")
    max_answer_bytes: int = Field(4 * 2**20, ge=1024, description="largest answer read; a larger one is cut off and counts as unavailable")
    ca: Path | None = Field(None, description="CA certificates the agency's server must chain to, PEM; the system's where absent")
    client_certificate: Path | None = Field(None, description="our certificate towards the agency, PEM")
    client_key: Path | None = Field(None, description="its private key, PEM")
    breaker: Breaker = Breaker()
    recipients: dict[str, dict[str, Any]] = Field(description="the adapter's own settings, for each recipient agency")

    @model_validator(mode="after")
    def _one_translator(self) -> "Source":
        if (self.adapter is None) == (self.manifest is None):
            raise ValueError("either adapter or manifest")
        return self


class Settings(BaseSettings):
    """Everything a gateway is told."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="LINKAGE_", env_nested_delimiter="__")

    server: Server
    log: Log
    tokens: Tokens
    files: Files
    attempts: Attempts = Attempts()
    findings: Findings = Findings()
    sources: dict[str, Source] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment comes before the file; no .env file, no secrets folder."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @model_validator(mode="after")
    def _time_adds_up(self) -> "Settings":
        if self.server.reserve + self.server.least_deadline >= self.server.max_deadline:
            raise ValueError("server.max_deadline must be longer than reserve and least_deadline together")
        if self.log.recover_after <= self.server.max_deadline:
            raise ValueError("log.recover_after must be longer than server.max_deadline, or requests under way would be closed")
        return self


def load(path: Path) -> Settings:
    """Read the settings file.

    Raises:
        SettingsInvalid: the file is missing, is not TOML, or says something wrong; every problem is in it.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as failure:
        raise SettingsInvalid((Problem(str(path), "file", failure.strerror or "unreadable", "a readable TOML file"),)) from failure
    except (ValueError, RecursionError) as failure:  # not TOML, not UTF-8, a number of thousands of digits; tables without end
        raise SettingsInvalid((Problem(str(path), "file", str(failure), "TOML in UTF-8"),)) from failure
    if strange := sorted(key for key in content if key.startswith("_")):  # pydantic-settings would take them for orders to itself
        raise SettingsInvalid(tuple(Problem(str(path), key, "a key nobody knows", "a table of the settings") for key in strange))
    return _validated(content, path)


def restore(content: dict[str, Any], path: Path) -> Settings:
    """Settings that `load` read from ``path`` in another process of this gateway, from their JSON form.

    Raises:
        SettingsInvalid: this process cannot read them: it is of another version, or its environment says something else.
    """
    return _validated(content, path)


def _validated(content: dict[str, Any], path: Path) -> Settings:
    try:
        settings = Settings(**content)
    except ValidationError as failure:
        raise SettingsInvalid(problems_of(str(path), failure)) from failure
    return _anchored(settings, path.resolve().parent)


def problems_of(file: str, failure: ValidationError) -> tuple[Problem, ...]:
    """A validation's errors as problems: key in dotted form, what came, what was expected."""
    return tuple(
        Problem(file, ".".join(str(part) for part in error["loc"]) or "file", _shown(error["input"]), error["msg"])
        for error in failure.errors(include_url=False)
    )


def _shown(got: object) -> str:
    if isinstance(got, dict):
        return "a table"
    if isinstance(got, (str, int, float, bool, list)):
        return repr(got)[:80]
    return type(got).__name__


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Relative paths in the file are relative to the file."""
    return settings.model_copy(update={name: _anchor(getattr(settings, name), folder) for name in type(settings).model_fields})


def _anchor(value: Any, folder: Path) -> Any:
    match value:
        case Path():
            return folder / value
        case BaseModel():
            return value.model_copy(update={name: _anchor(getattr(value, name), folder) for name in type(value).model_fields})
        case dict():
            return {key: _anchor_text(key, inner, folder) for key, inner in value.items()}
        case tuple():
            return tuple(_anchor(inner, folder) for inner in value)
        case _:
            return value


def _anchor_text(key: str, value: Any, folder: Path) -> Any:
    """Adapter settings are not parsed yet: a key that ends in ``_file`` is a path by the contract."""
    return str(folder / value) if key.endswith("_file") and isinstance(value, str) else _anchor(value, folder)
