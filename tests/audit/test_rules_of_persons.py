"""The rules that tell persons apart: within an epoch, over epochs, and where keys are gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from linkage.audit.access import accesses, size_of
from linkage.audit.persons import Persons
from linkage.audit.rules import Finding, Rule
from linkage.audit.rules.own_number import OwnNumber
from linkage.audit.rules.presence import CardAtTwoCentres
from linkage.audit.rules.same_person import SamePersonAgain
from tests.audit.logbook import ISSUER, MONDAY, Logbook
from tests.audit.world import NUMBER, OTHER_NUMBER


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Logbook]:
    book = Logbook(tmp_path)
    yield book
    book.close()


def found(book: Logbook, rule: Rule) -> list[Finding]:
    """What a rule finds in the whole log."""
    said: list[Finding] = []
    with book.reader() as reader:
        for access in accesses(reader, 0, size_of(reader)):
            said.extend(rule.see(access))
    said.extend(rule.end())
    return said


def again(book: Logbook, persons: Persons | None = None, days: int = 10) -> SamePersonAgain:
    return SamePersonAgain(persons or book.persons(), visits=3, days=days)


@pytest.mark.parametrize(("visits", "named"), [(2, 0), (3, 1), (4, 1)])
def test_one_person_in_so_many_visits_of_one_officer_is_found(book: Logbook, visits: int, named: int) -> None:
    for _ in range(visits):
        visit = book.verify()
        book.look_up(visit)
        book.look_up(visit)
        book.verify("o1", OTHER_NUMBER)
        book.verify("o2")
        book.wait(days=3)

    said = [one for one in found(book, again(book)) if one.entries[0].index == 0]

    assert named == len(said)
    assert all((visits, (ISSUER, "o1")) == (one.figure, one.officer) for one in said), "a visit counts once, whatever is asked in it"


@pytest.mark.parametrize(("days", "named"), [(5, 1), (6, 0)])
def test_visits_that_lie_farther_apart_than_the_window_are_not_again(book: Logbook, days: int, named: int) -> None:
    for _ in range(3):
        book.verify(ms=0 if days == 5 else 40)
        book.wait(days=days)

    assert named == len(found(book, again(book)))


def test_a_long_quiet_time_makes_two_runs_of_one_person(book: Logbook) -> None:
    for _ in range(2):
        for _ in range(3):
            book.verify()
        book.wait(days=60)

    assert [3, 3] == [one.figure for one in found(book, again(book))]


def test_failed_verifications_of_one_number_are_visits_of_that_person(book: Logbook) -> None:
    for _ in range(3):
        book.verify(result="no_match")

    assert [3] == [one.figure for one in found(book, again(book))]


def test_a_person_is_the_same_over_epochs_where_their_entries_can_be_opened(book: Logbook) -> None:
    everything = book.sealing
    for epoch in ("k1", "k2", "k3"):
        book.sealing = book.sealed_with(epoch)
        book.verify()

    assert [3] == [one.figure for one in found(book, again(book, book.persons(everything)))]
    other_kek = book.sealed_with("k1", kek="gone")
    assert [] == found(book, again(book, book.persons(other_kek))), "told apart within an epoch alone"


def test_without_what_opens_entries_a_person_is_the_same_within_an_epoch(book: Logbook) -> None:
    for _ in range(3):
        book.verify()

    assert 1 == len(found(book, again(book, Persons(book.keys, None))))


def test_who_is_forgotten_is_not_seen(book: Logbook) -> None:
    visits = [book.verify() for _ in range(3)]
    book.keys.forget([visits[0].key.id])

    assert [] == found(book, again(book))
    book.keys.forget(visit.key.id for visit in visits)
    assert [] == found(book, again(book)), "nor taken for one person with others"


def test_no_number_stands_in_a_finding_or_in_what_stands_for_a_person(book: Logbook) -> None:
    persons = book.persons()
    for _ in range(3):
        book.verify()

    said = found(book, again(book, persons))

    assert NUMBER.reveal() not in repr(said)
    with book.reader() as reader:
        tokens = {persons.of(access) for access in accesses(reader, 0, size_of(reader))}
        others = {book.persons().of(access) for access in accesses(reader, 0, 1)}
    assert 1 == len(tokens)
    assert tokens.isdisjoint(others), "it means nothing to another reading"


def card(book: Logbook) -> CardAtTwoCentres:
    return CardAtTwoCentres(book.persons(), minutes=60)


@pytest.mark.parametrize(("minutes", "named"), [(59, 1), (60, 1), (61, 0)])
def test_one_card_at_two_centres_within_the_hour_is_found(book: Logbook, minutes: int, named: int) -> None:
    book.verify("o1", ms=0)
    book.wait(minutes=minutes)
    book.verify("o2", centre="lp-01", ms=0)

    said = found(book, card(book))

    assert named == len(said)
    for one in said:
        assert (("cm-01", "lp-01"), None, 2) == (one.centres, one.officer, len(one.entries))
        assert minutes == one.figures["minutes"]


def test_a_card_shown_all_morning_is_followed_from_centre_to_centre(book: Logbook) -> None:
    for centre in ("cm-01", "cm-01", "lp-01"):
        book.verify(centre=centre)
        book.wait(minutes=50)

    (one,) = found(book, card(book))

    assert 3 == len(one.entries)


@pytest.mark.parametrize(
    "second",
    [
        {"centre": "cm-01"},
        {"centre": "lp-01", "number": OTHER_NUMBER},
        {"centre": "lp-01", "result": "no_match"},
        {"centre": "lp-01", "assurance": "THAID"},
    ],
    ids=["the same centre", "another person", "a number that was wrong", "consent in the app"],
)
def test_what_is_no_second_showing_of_the_card_is_not_found(book: Logbook, second: dict[str, str]) -> None:
    book.verify()
    book.verify(**second)  # type: ignore[arg-type]  # a table of keyword arguments

    assert [] == found(book, card(book))


@pytest.mark.parametrize("login_first", [True, False])
def test_an_officers_lookups_of_their_own_number_are_found_once_a_login_tells_it(book: Logbook, login_first: bool) -> None:
    if login_first:
        book.login("o1", NUMBER)
    own = book.verify("o1", NUMBER)
    book.look_up(own)
    other = book.verify("o1", OTHER_NUMBER)
    book.look_up(other)
    book.verify("o2", NUMBER)
    if not login_first:
        book.login("o1", NUMBER)

    (one,) = found(book, OwnNumber(book.persons()))

    assert ((ISSUER, "o1"), 2) == (one.officer, one.figure)
    assert ([2, 4] if login_first else [0, 2]) == [entry.index for entry in one.entries]


def test_of_an_officer_who_never_logged_in_no_own_number_is_known(book: Logbook) -> None:
    book.verify("o1", NUMBER)
    book.login("o2", NUMBER)

    assert [] == found(book, OwnNumber(book.persons()))


def test_own_numbers_are_known_over_epochs(book: Logbook) -> None:
    everything = book.sealing
    book.set(f"{MONDAY} 10:00")
    book.login("o1", NUMBER)
    book.sealing = book.sealed_with("k2")
    book.verify("o1", NUMBER)

    assert 1 == len(found(book, OwnNumber(book.persons(everything))))
