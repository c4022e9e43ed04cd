"""Minimises: what an agency sent is reduced to what was asked and granted. The second wall, against the source itself. Pure."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache

from linkage.agreements.model import Grant
from linkage.numbers import holds_citizen_number
from linkage.terms import FieldName, Value

UNNAMED = "(no field name)"
"""Stands in the log for an excess key that is no field name, because such a key may itself be a value."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MOST_NAMES = 32


@dataclass(slots=True, repr=False)
class Minimised:
    """What may be disclosed, and what was wrong with the answer."""

    fields: Mapping[FieldName, Value | None]
    """In the order asked; None where the agency holds no value."""
    excess: tuple[str, ...]
    """Names of fields that were sent and not granted, sorted, at most 32; never a value."""
    missing: tuple[FieldName, ...]
    """Fields granted that the answer does not speak of: nobody may take them for absent."""


@lru_cache(maxsize=256)  # an agency sends the same names with every record
def _excess(sent: tuple[str, ...], granted: tuple[str, ...]) -> tuple[str, ...]:
    shown = {name if _NAME.fullmatch(name) and not holds_citizen_number(name) else UNNAMED for name in sent if name not in granted}
    return tuple(sorted(shown))[:_MOST_NAMES]


def minimise(grant: Grant, answered: Mapping[FieldName, Value | None], also_sent: Collection[str] = ()) -> Minimised:
    """Keep the grant's fields of an answer. ``also_sent``: names of what came with it and was dropped before."""
    granted = grant.fields
    return Minimised(
        fields={name: answered[name] for name in granted if name in answered},
        excess=_excess((*answered, *also_sent), granted),
        missing=tuple([name for name in granted if name not in answered]),
    )
