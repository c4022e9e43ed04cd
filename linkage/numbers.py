"""Numbers that name people and bodies, and secrets: types whose ``repr`` is masked, so that no log line holds one by accident."""

import re
import unicodedata
from operator import mul
from typing import Self

_THIRTEEN = re.compile(r"[0-9]{13}").fullmatch
_TYPED = {ord(c): None for c in " -"} | {base + d: str(d) for base in (0x0E50, 0xFF10) for d in range(10)}
"""Typed characters on the way to the normal form: separators go, Thai and full-width digits become ASCII."""


class _Number:
    """Thirteen digits with a check digit, in one normal form; ``repr`` shows the kind only."""

    __slots__ = ("_digits",)

    def __init__(self, digits: str) -> None:
        """Take exactly 13 ASCII digits with a right check digit; `ValueError`, never naming them, otherwise."""
        if _THIRTEEN(digits) is None:
            raise ValueError("not 13 digits")
        if check_digit(digits[:12]) != int(digits[12]):
            raise ValueError("wrong check digit")
        self._digits = digits

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what people type: ASCII, Thai or full-width digits, with spaces and dashes between them.

        Raises:
            ValueError: anything else; the message never repeats the text.
        """
        if len(text) > 40:
            raise ValueError("longer than 40 characters")
        return cls(text.strip().translate(_TYPED))

    def reveal(self) -> str:
        """Give the 13 digits. Call it only to ask an agency, to seal, or to compute a keyed tag."""
        return self._digits

    def __repr__(self) -> str:
        return f"{type(self).__name__}(*************)"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._digits == self._digits

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._digits))


class CitizenNumber(_Number):
    """A person's 13-digit number (เลขประจำตัวประชาชน)."""

    __slots__ = ()


class JuristicNumber(_Number):
    """A juristic person's 13-digit number (เลขทะเบียนนิติบุคคล), with the same check digit."""

    __slots__ = ()


_WEIGHTS = tuple(range(13, 1, -1))
_ZEROS = sum(_WEIGHTS) * ord("0")


def check_digit(first_twelve: str) -> int:
    """Compute the thirteenth digit of twelve ASCII digits: (11 - sum of d[i]*(13-i) mod 11) mod 10."""
    weighted: int = sum(map(mul, first_twelve.encode(), _WEIGHTS)) - _ZEROS
    return (11 - weighted % 11) % 10


_GAP = r"[ .\-\u00a0\u2010-\u2015]{1,3}"
"""What people put between the digits of a number: spaces, dots and dashes."""
_MANY_DIGITS = re.compile(rf"\d(?:(?:{_GAP})?\d){{12}}")
_SOME_DIGITS = re.compile(r"[0-9][0-9 .\-]{12}")
_BETWEEN = re.compile(rf"(?<=\d){_GAP}(?=\d)")
_UUID = re.compile("(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])")
_RUNS = re.compile("[0-9]{13,}")


def has_many_digits(text: str) -> bool:
    """Whether thirteen digits of any script stand together, however grouped: nearly every text without a number ends here, and fast."""
    return not (text.isascii() and _SOME_DIGITS.search(text) is None) and _MANY_DIGITS.search(text) is not None


def holds_citizen_number(text: str) -> bool:
    """Whether thirteen digits in a row have a right check digit, wherever they begin, however grouped, in any script.

    UUIDs are left out: their groups are nobody's, and many would be taken for one.
    """
    if not has_many_digits(text):
        return False
    digits = _BETWEEN.sub("", _UUID.sub("?", text))
    if not digits.isascii():
        digits = "".join(str(unicodedata.decimal(c, c)) for c in digits)
    return any(check_digit(run[i : i + 12]) == int(run[i + 12]) for run in _RUNS.findall(digits) for i in range(len(run) - 12))


class Secret:
    """A text that must not be shown: a token, a password, a code."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)
