"""Who watches the log from outside, and what it means when nobody does: the witnesses' part of the settings' ``[log]`` table."""

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Seconds = Annotated[float, Field(gt=0)]


def _submission_prefix(url: str) -> str:
    parts = urlsplit(url)
    secure = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    if not secure or not parts.hostname or parts.query or parts.fragment or parts.username or not url.isascii() or " " in url:
        raise ValueError("https://host[:port][/path]; http only for this machine itself")
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Witness(BaseModel):
    """One witness that cosigns the log's checkpoints (c2sp.org/tlog-witness)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9-]{1,32}$", description="what metrics, log lines and alarms call it")
    vkey: str = Field(description="its public key, `<name>+<id>+<key>` of type 0x04")
    url: Annotated[str, AfterValidator(_submission_prefix)] = Field(
        description="its submission prefix: https, or http on this machine alone; add-checkpoint is asked below it"
    )
    ca: Path | None = Field(None, description="CA certificates its server must chain to, PEM; the system's where absent")


class Witnessed(BaseModel):
    """What the ``[log]`` table says about witnesses."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    witnesses: tuple[Witness, ...] = Field((), description="who cosigns checkpoints; none where there is no [[log.witnesses]]")
    witness_state: Path | None = Field(
        None, description="SQLite file of what the witnesses have cosigned; `<anchor>.witnesses` where absent; local to each gateway"
    )
    witness_every: Seconds = Field(5.0, description="seconds between two submissions of the newest checkpoint")
    witness_quorum: int = Field(1, ge=1, description="witnesses whose cosignatures make the log a witnessed one")
    witness_warn_after: Seconds = Field(900.0, description="seconds without that many fresh cosignatures after which the health says so")
    witness_refuse_after: float = Field(
        14_400.0, ge=0, description="seconds without them after which nothing new is begun; 0: never; begun lookups are still finished"
    )

    @model_validator(mode="after")
    def _witnesses_add_up(self) -> Self:
        if self.witnesses and self.witness_quorum > len(self.witnesses):
            raise ValueError("log.witness_quorum must not be more than there are [[log.witnesses]]")
        if 0 < self.witness_refuse_after <= self.witness_warn_after:
            raise ValueError("log.witness_refuse_after must be longer than log.witness_warn_after, or 0")
        if self.witness_every >= self.witness_warn_after:
            raise ValueError("log.witness_warn_after must be longer than log.witness_every")
        for what in ("name", "vkey"):
            if len({getattr(witness, what) for witness in self.witnesses}) != len(self.witnesses):
                raise ValueError(f"each of [[log.witnesses]] has a {what} of its own")
        return self
