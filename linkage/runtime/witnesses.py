"""The gateway's witnesses as its settings name them: asked over HTTP, and told about in metrics and log lines."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import structlog

from linkage.audit.freshness import WitnessLimits
from linkage.audit.witness_answers import Answer, Undelivered
from linkage.audit.witness_reading import WitnessReading
from linkage.audit.witnessing import Witnessing
from linkage.clock import Clock
from linkage.errors import Problem, SettingsInvalid
from linkage.runtime.storage import Storage
from linkage.settings import Log
from linkage.store.cosignatures import newest_cosigned
from linkage.telemetry import Metrics
from linkage.tlog.cosignature import CosignerKey
from linkage.tlog.errors import NoteInvalid
from linkage.tlog.log_keys import LogVerifier
from linkage.tlog.witness_wire import MAX_REPLY
from linkage.transport import MaybeSent, NotSent, agency_client, tls_context
from linkage.witness_settings import Witness

_log = structlog.get_logger()

TIMEOUT_S = 10.0
"""Seconds for one whole submission."""
CONNECT_S = 5.0
BOOT_S = 2.0
"""Seconds that a start waits for what the witnesses have to say."""


class HttpCourier:
    """Leads to one witness. Its client belongs to the event loop of its first request."""

    def __init__(self, witness: Witness, timeout: float = TIMEOUT_S) -> None:
        """Take a witness of the settings; ``timeout``: seconds for one whole submission.

        Raises:
            NoteInvalid: its vkey is none.
            OSError: its CA file cannot be read, or holds no certificates.
        """
        self.name = witness.name
        self.key = CosignerKey.parse(witness.vkey)
        self._url = witness.url
        self._client = agency_client(
            [witness.url],
            tls=tls_context(ca=witness.ca),
            timeout=timeout,
            connect_timeout=CONNECT_S,
            connections=2,
            most_bytes=MAX_REPLY,
        )

    async def submit(self, body: bytes) -> Answer:
        """See `Courier`."""
        request = self._client.build_request("POST", f"{self._url}/add-checkpoint", content=body, headers=_TEXT)
        return await self._sent(request)

    async def latest(self, origin: str) -> bytes:
        """See `Courier`."""
        place = hashlib.sha256(origin.encode()).hexdigest()
        answer = await self._sent(self._client.build_request("GET", f"{self._url}/{place}/checkpoint"))
        if answer.status != httpx.codes.OK:
            raise Undelivered("shows no checkpoint")
        return answer.body

    async def aclose(self) -> None:
        """See `Courier`."""
        await self._client.aclose()

    async def _sent(self, request: httpx.Request) -> Answer:
        try:
            answer = await self._client.send(request)
        except (NotSent, MaybeSent) as failure:
            raise Undelivered(failure.why) from None
        except httpx.HTTPError:
            raise Undelivered("not http") from None
        return Answer(answer.status_code, answer.headers.get("content-type", "").partition(";")[0].strip().lower(), answer.content)


_TEXT: Mapping[str, str] = {"content-type": "text/plain; charset=utf-8"}


class _Told:
    """Counts, and writes a line when something changes."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._last: dict[str, str] = {}
        self._trouble = ""

    def tried(self, witness: str, result: str) -> None:
        """See `Witnesses`."""
        self._metrics.witness_tries.labels(witness, result).inc()
        if self._last.get(witness, "cosigned") != result:
            (_log.info if result == "cosigned" else _log.warning)("witness", witness=witness, result=result)
        self._last[witness] = result

    def cosigned(self, witness: str, size: int) -> None:
        """See `Witnesses`."""
        self._metrics.witness_size.labels(witness).set(size)

    def ages(self, seconds: Sequence[tuple[str, float]], trouble: str) -> None:
        """See `Witnesses`."""
        for witness, age in seconds:
            self._metrics.witness_age.labels(witness).set(age)
        self._metrics.witness_ok.set(not trouble)
        if bool(trouble) is not bool(self._trouble):
            (_log.warning if trouble else _log.info)("the log is not witnessed" if trouble else "the log is witnessed again", why=trouble)
        self._trouble = trouble


def couriers_of(settings: Log, file: str) -> tuple[HttpCourier, ...]:
    """What leads to each witness. ``file``: the settings file, for problems.

    Raises:
        SettingsInvalid: a vkey is none, or a CA file cannot be used; every problem at once.
    """
    couriers: list[HttpCourier] = []
    problems: list[Problem] = []
    for number, witness in enumerate(settings.witnesses):
        try:
            couriers.append(HttpCourier(witness))
        except NoteInvalid as failure:
            problems.append(Problem(file, f"log.witnesses.{number}.vkey", failure.got, failure.expected))
        except OSError as failure:
            problems.append(
                Problem(str(witness.ca), f"log.witnesses.{number}.ca", failure.strerror or "unreadable", "CA certificates, PEM")
            )
    if problems:
        raise SettingsInvalid(tuple(problems))
    return tuple(couriers)


def witnessing_of(
    settings: Log, couriers: Sequence[HttpCourier], storage: Storage, verifier: LogVerifier, clock: Clock, metrics: Metrics, *, asks: bool
) -> Witnessing | WitnessReading:
    """The witnesses of a gateway, nothing asked yet. ``asks``: whether it is this process that will ask them, or another of its gateway."""
    limits = WitnessLimits(settings.witness_every, settings.witness_quorum, settings.witness_warn_after, settings.witness_refuse_after)
    if not asks:
        return WitnessReading(couriers, state=state_file(settings, storage), clock=clock, limits=limits, told=_Told(metrics))
    return Witnessing(
        couriers,
        open_reader=storage.open_reader,
        state=state_file(settings, storage),
        verifier=verifier,
        clock=clock,
        limits=limits,
        told=_Told(metrics),
    )


def state_file(settings: Log, storage: Storage) -> Path:
    """Where what the witnesses have cosigned is kept."""
    return settings.witness_state or storage.anchor.with_name(f"{storage.anchor.name}.witnesses")


def cosigned_checkpoint(settings: Log, storage: Storage) -> str | None:
    """The newest checkpoint that enough witnesses have cosigned, with their lines; None where there is none. Beside a running gateway, too.

    Raises:
        StoreUnavailable: it is there and cannot be read.
    """
    return newest_cosigned(state_file(settings, storage), settings.witness_quorum)
