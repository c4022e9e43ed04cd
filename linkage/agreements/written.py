"""How an agreement is written, and which of its parts contradict each other."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from linkage.pages import Id, Line, Name, Written

Evidence = Literal["CARD_LASER", "CARD_CHIP", "THAID"]


class ExceptionTable(Written):
    """``[[agreement.exceptions]]``."""

    name: Name
    label_th: Line
    label_en: Line


class QuotaTable(Written):
    """``[agreement.quota]``."""

    per_day: Annotated[int, Field(ge=1)] | None = None
    per_officer_per_day: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> "QuotaTable":
        if self.per_day is None and self.per_officer_per_day is None:
            raise ValueError("it limits nothing: per_day or per_officer_per_day")
        return self


class AgreementTable(Written):
    """``[[agreement]]``."""

    id: Id
    title: Line
    recipient: Id
    acting: list[Id] = Field(default_factory=list)
    source: Id
    services: Annotated[list[Name], Field(min_length=1)]
    records: dict[str, Annotated[list[Name], Field(min_length=1)]] = Field(default_factory=dict)
    evidence: list[Evidence] = Field(default_factory=list)
    login: bool = False
    least_assurance: Literal["EXCEPTION", "CARD_LASER", "CARD_CHIP", "THAID"]
    legal_basis: Line
    valid_from: date
    valid_until: date
    grounds: list[Name] = Field(default_factory=list)
    exceptions: list[ExceptionTable] = Field(default_factory=list)
    quota: QuotaTable | None = None
    retention_days: Annotated[int, Field(ge=1, le=36_525)] | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> "AgreementTable":
        if self.valid_until < self.valid_from:
            raise ValueError("valid_until is before valid_from")
        if not (self.records or self.evidence or self.login or self.exceptions):
            raise ValueError("it grants nothing: records, evidence, login or exceptions")
        named = [exception.name for exception in self.exceptions]
        if len(set(named)) != len(named):
            raise ValueError("an exception is named twice")
        if self.records and (self.least_assurance == "EXCEPTION") != bool(self.exceptions):
            raise ValueError('least_assurance "EXCEPTION" goes with named exceptions, and they with it')
        if self.grounds and not self.records:
            raise ValueError("grounds without records")
        if self.quota is not None and not (self.records or self.evidence):
            raise ValueError("a quota without records or evidence: logins are not counted")
        return self
