"""An officer's id at the issuer: opaque, short, printable, and never a citizen number, because the log shows it."""

import re
import unicodedata

from linkage.terms import check_digit

LONGEST = 128
"""Characters."""

_DIGITS = re.compile(r"[0-9]{13,}")
_GROUPED = re.compile(r"(?<![0-9])[0-9][ .\-][0-9]{4}[ .\-][0-9]{5}[ .\-][0-9]{2}[ .\-][0-9](?![0-9])")
"""How a citizen number is printed: X-XXXX-XXXXX-XX-X. Other groupings are left alone, or every second UUID would be refused."""


def officer_subject(text: object) -> str:
    """Give the id back if it can be one.

    Raises:
        ValueError: no text, empty, too long, not printable, or a citizen number in it; the message never repeats it.
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError("a text that is not empty")
    if len(text) > LONGEST:
        raise ValueError(f"at most {LONGEST} characters")
    if not text.isprintable():
        raise ValueError("no control characters")
    if _holds_citizen_number(text):
        raise ValueError("no citizen number, nor a text that holds one")
    return text


def _holds_citizen_number(text: str) -> bool:
    digits = "".join(str(unicodedata.decimal(c, c)) for c in text)
    runs = [re.sub("[^0-9]", "", found) for found in _GROUPED.findall(digits)] + _DIGITS.findall(digits)
    return any(_valid(run[i : i + 13]) for run in runs for i in range(len(run) - 12))


def _valid(thirteen: str) -> bool:
    return check_digit(thirteen[:12]) == int(thirteen[12])
