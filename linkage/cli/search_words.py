"""The words that `linkage audit search` takes: one that no entry can hold is a slip, and must not be answered as if nothing had been done."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Final

import typer

from linkage.audit.asked import RESULTS
from linkage.audit.search_room import SearchRoom
from linkage.errors import Reason
from linkage.in_force import InForce
from linkage.inspection import terms_sought
from linkage.store.contract import Kind
from linkage.terms import Assurance
from linkage.v1 import audit_pb2 as pb

_CLOSED: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": tuple(kind.value for kind in Kind),
    "result": RESULTS,
    "reason": tuple(reason.value for reason in Reason),
    "assurance": tuple(assurance.name for assurance in Assurance),
}
_OPTIONS: Final = {"record_type": "--type", "auditor": "--read-by"}
_MOST_NEAR: Final = 5


def expect_words(wanted: pb.EntryFilter) -> None:
    """Take kind, result, reason and assurance as entries spell them.

    Raises:
        typer.BadParameter: one is none of them; names those nearest to it, or all.
    """
    for name, words in _CLOSED.items():
        value = getattr(wanted, name)
        if value and value not in words:
            raise typer.BadParameter(f"{_option(name)}: no entry ever holds that; {_near(value, words) or 'one of ' + ', '.join(words)}")


async def expect_names(files: InForce, search: SearchRoom, criteria: Mapping[str, str]) -> None:
    """Take names of today's register, catalogue and agreements, and those that the log itself has ever named.

    Nothing is recorded of a slip: what is told is that a name is nobody's, and no entry is shown.

    Raises:
        typer.BadParameter: nobody and nothing is known by a name.
        Refusal: SEARCH_UNAVAILABLE.
    """
    for name, known in _known(files).items():
        value = criteria.get(name)
        if value and value not in known and not await search.known(terms_sought(name, value, criteria)):
            near = _near(value, known)
            told = f"{_option(name)}: nobody and nothing is known by that name, to today's files or to the log"
            raise typer.BadParameter(f"{told}; {near}" if near else told)


def _known(files: InForce) -> Mapping[str, Collection[str]]:
    register, catalogue = files.register, files.catalogue
    needs = (need for service in catalogue.services.values() for document in service.documents for need in document.needs)
    return {
        **dict.fromkeys(("recipient", "acting", "source"), register.agencies.keys()),
        "centre": register.centres.keys(),
        "counter": register.counters.keys(),
        "auditor": register.auditors.keys(),
        "service": catalogue.services.keys(),
        "record_type": catalogue.records.keys() | {need.record_type for need in needs},
        "agreement": {agreement.id for agreement in files.book.agreements},
    }


def _near(value: str, words: Collection[str]) -> str:
    spelt = {word.casefold(): word for word in words}
    near = get_close_matches(value.casefold(), spelt, _MOST_NEAR)
    return f"near: {', '.join(spelt[word] for word in near)}" if near else ""


def _option(name: str) -> str:
    return _OPTIONS.get(name, f"--{name}")
