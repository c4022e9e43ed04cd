"""How long what is recorded under an agreement can be read: as it says, counted with the others that name the service."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from linkage.agreements.book import Book
from linkage.agreements.retention import retentions_of
from linkage.terms import RecipientId, ServiceId
from tests.agreements.conftest import make_agreement
from tests.agreements.test_book import DOE, read, written

TODAY = date(2026, 6, 1)


def test_a_retention_is_read_and_is_part_of_the_digest_where_it_is_given(tmp_path: Path) -> None:
    plain = read(written(tmp_path, DOE))[0].agreements[0]
    digests = {plain.digest}
    for days in (1, 1826):
        said = DOE.replace("valid_until", f"retention_days = {days}\nvalid_until")
        book, problems = read(written(tmp_path, said))
        assert problems == {}
        assert book.agreements[0].retention_days == days
        digests.add(book.agreements[0].digest)
    assert plain.retention_days is None
    assert len(digests) == 3


@pytest.mark.parametrize("days", ["0", "-1", "1.5", '"ten"', "true", "40000"])
def test_a_retention_that_is_no_number_of_days_is_a_problem(days: str, tmp_path: Path) -> None:
    _, problems = read(written(tmp_path, DOE.replace("valid_until", f"retention_days = {days}\nvalid_until")))
    assert set(problems) == {"agreement[doe-dopa].retention_days"}


@pytest.mark.parametrize(
    ("changes", "counts"),
    [
        ({}, True),
        ({"recipient": RecipientId("dlpw")}, False),
        ({"services": frozenset({ServiceId("labour_complaint")})}, False),
        ({"valid_from": date(2026, 6, 2)}, False),
        ({"valid_until": date(2026, 6, 1)}, True),
        ({"valid_until": date(2026, 5, 31)}, False),
    ],
)
def test_only_agreements_in_force_that_name_the_service_have_a_say(changes: dict[str, Any], counts: bool) -> None:
    book = Book((make_agreement(id="a", retention_days=30), make_agreement(id="b", retention_days=60, **changes)))
    said = retentions_of(book, RecipientId("doe"), ServiceId("jobseeker_registration"), TODAY)
    assert said == ((30, 60) if counts else (30,))
