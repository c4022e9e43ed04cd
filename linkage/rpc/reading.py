"""Reads requests: every wrong field is named, none is repeated back.

A `Reading` collects violations, so that a counter developer sees them all at once. Its methods return a value that is only good
if `done` does not raise.
"""

import re
import unicodedata
from uuid import UUID

from google.type import date_pb2

from linkage.buddhist import checked, from_buddhist
from linkage.errors import Reason, Refusal, Violation
from linkage.terms import CitizenNumber, JuristicNumber, PartialDate, PersonName, Secret
from linkage.v1 import verification_pb2

is_identifier = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}").fullmatch
"""Whether a text has the form of a name from the register, the catalogue or the settings."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories of what nobody types into a name: controls, directions, unassigned, ends of lines and paragraphs."""
_PRINTABLE = bytes(range(0x20, 0x7F))
_NOBODY = CitizenNumber("0000000000001")
"""Stands in for a number that could not be read; `done` then raises."""


class Reading:
    """The violations found so far in one request."""

    def __init__(self) -> None:
        self._violations: list[Violation] = []

    def wrong(self, field: str, description: str) -> None:
        """Note that a field is wrong."""
        self._violations.append(Violation(field, description))

    def done(self) -> None:
        """Stop here if anything is wrong.

        Raises:
            Refusal: MALFORMED_REQUEST with all violations.
        """
        if self._violations:
            raise Refusal(Reason.MALFORMED_REQUEST, violations=tuple(self._violations))

    def identifier(self, field: str, text: str) -> str:
        """A name from the register, the catalogue or the settings."""
        if not is_identifier(text):
            self.wrong(field, "a name of 1 to 64 of a-z 0-9 _ . - is required" if text else "is required")
        return text

    def client_request_id(self, text: str) -> bytes | None:
        """A UUID, or nothing."""
        return self.uuid("client_request_id", text) if text else None

    def uuid(self, field: str, text: str) -> bytes:
        """A UUID in its usual form."""
        try:
            if len(text) == 36:
                return UUID(text).bytes
        except ValueError:
            pass
        self.wrong(field, "a UUID of 36 characters is required, e.g. 123e4567-e89b-42d3-a456-426614174000")
        return bytes(16)

    def text(self, field: str, text: str, *, least: int = 1, most: int = 100) -> str:
        """Text of one line without control characters, trimmed, in Unicode NFC."""
        tidy = unicodedata.normalize("NFC", text).strip() if len(text) <= 4 * most else text
        if not least <= len(tidy) <= most:
            self.wrong(field, f"{least} to {most} characters are required" if text else "is required")
        elif any(unicodedata.category(c) in _UNSEEN for c in tidy):
            self.wrong(field, "control characters and line ends are not allowed")
        return tidy

    def secret_text(self, field: str, text: str, *, least: int, most: int) -> Secret:
        """Text, as `text`, that is not to be shown."""
        return Secret(self.text(field, text, least=least, most=most))

    def pattern(self, field: str, text: str, pattern: str, expected: str) -> Secret:
        """A code of fixed form; dashes and spaces are ignored, letters become upper case."""
        tidy = text.replace("-", "").replace(" ", "").upper() if len(text) <= 64 else ""
        if re.fullmatch(pattern, tidy) is None:
            self.wrong(field, f"{expected} are required")
        return Secret(tidy)

    def token(self, field: str, text: str, *, most: int = 8192) -> Secret:
        """An opaque token in printable ASCII."""
        if not text:
            self.wrong(field, "is required")
        elif len(text) > most or text.encode().translate(None, _PRINTABLE):
            self.wrong(field, f"at most {most} printable ASCII characters are expected")
        return Secret(text)

    def citizen_number(self, field: str, text: str) -> CitizenNumber:
        """A citizen number in its one normal form."""
        try:
            return CitizenNumber.parse(text)
        except ValueError:
            self.wrong(field, "is required" if not text else "13 digits with a right check digit are required")
            return _NOBODY

    def juristic_number(self, field: str, text: str) -> JuristicNumber:
        """A juristic number in its one normal form."""
        try:
            return JuristicNumber.parse(text)
        except ValueError:
            self.wrong(field, "13 digits with a right check digit are required")
            return JuristicNumber(_NOBODY.reveal())

    def name(self, field: str, name: verification_pb2.PersonName) -> PersonName:
        """A person's name."""
        middle = self.text(f"{field}.middle", name.middle, least=0)
        return PersonName(self.text(f"{field}.first", name.first), self.text(f"{field}.last", name.last), middle)

    def birth_date(self, field: str, date: verification_pb2.BirthDate) -> PartialDate:
        """A birth date, Common Era or as on the card."""
        try:
            match date.WhichOneof("form"):
                case "common_era":
                    return _common_era(date.common_era)
                case "as_on_card":
                    return from_buddhist(date.as_on_card)
                case _:
                    self.wrong(field, "is required")
        except ValueError:
            self.wrong(field, "a Common Era date from 1757 on, or B.E. YYYYMMDD as on the card, is required")
        return PartialDate(1)


def _common_era(date: date_pb2.Date) -> PartialDate:
    if not 1757 <= date.year <= 2157:  # what the Buddhist form admits
        raise ValueError("year")
    return checked(PartialDate(date.year, date.month, date.day))
