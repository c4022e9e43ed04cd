"""An officer's id at the issuer: opaque, short, printable, and never a citizen number, because the log shows it."""

from linkage.numbers import holds_citizen_number

LONGEST = 128
"""Characters."""


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
    if holds_citizen_number(text):
        raise ValueError("no citizen number, nor a text that holds one")
    return text
