"""How the register is written: one schema for each kind of table."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from linkage.pages import Id, Line, Written
from linkage.thresholds import HoursLine


def _uri(text: str) -> str:
    """An exact name: a pattern would be compared as text and match nobody, which its writer did not mean."""
    if not (text.isascii() and text.isprintable()) or any(c in text for c in ' *"<>\\^`{|}'):
        raise ValueError("a URI in ASCII without spaces, wildcards and quotes")
    if not (urlsplit(text).scheme and urlsplit(text).netloc):
        raise ValueError("a URI with scheme and authority, as spiffe://<domain>/<path>")
    return text


def _https(text: str) -> str:
    if urlsplit(_uri(text)).scheme != "https":
        raise ValueError("an https:// URL")
    return text


Uri = Annotated[str, StringConstraints(max_length=2048), AfterValidator(_uri)]
"""A URI name, compared byte by byte."""


class AgencyTable(Written):
    """``[[agency]]``."""

    id: Id
    name_th: Line
    name_en: Line


class CentreTable(Written):
    """``[[centre]]``. ``officers_from`` absent: the centre's own agency alone. ``opening_hours`` absent: those of the settings."""

    id: Id
    name_th: Line
    name_en: Line
    province: Line
    agency: Id
    officers_from: Annotated[list[Id], Field(min_length=1)] | None = None
    opening_hours: Annotated[list[HoursLine], Field(min_length=1)] | None = None


class CounterTable(Written):
    """``[[counter]]``."""

    uri: Uri
    centre: Id
    suspended: bool = False


class IssuerTable(Written):
    """``[[issuer]]``. ``issuer`` is compared with a token's ``iss`` byte by byte."""

    issuer: Uri
    agency: Id
    jwks_file: Line | None = None
    jwks_url: Annotated[str, StringConstraints(max_length=2048), AfterValidator(_https)] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> "IssuerTable":
        if (self.jwks_file is None) == (self.jwks_url is None):
            raise ValueError("either jwks_file or jwks_url")
        return self


class AuditorTable(Written):
    """``[[auditor]]``."""

    uri: Uri
    agencies: Annotated[list[Id], Field(min_length=1)]


class SuspendedTable(Written):
    """``[[suspended_officer]]``."""

    issuer: str
    subject: str


class RevokedTable(Written):
    """``revoked_serials``: hexadecimal, colons allowed, as certificate tools print them."""

    revoked_serials: list[Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{1,2}(:?[0-9a-fA-F]{2}){0,20}$")]]
