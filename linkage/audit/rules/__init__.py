"""The rules of an auditor: each a small class that looks at every access once, in the order of the log, and names what is unusual."""

from collections.abc import Callable

from linkage.audit.persons import Persons
from linkage.audit.rules.failed import FailedInARow
from linkage.audit.rules.far_above import FarAboveUsual
from linkage.audit.rules.finding import Behind, Finding, Rule, RuleName, Why
from linkage.audit.rules.hours import OutsideHours
from linkage.audit.rules.own_number import OwnNumber
from linkage.audit.rules.presence import CardAtTwoCentres, PresenceExceptions
from linkage.audit.rules.same_person import SamePersonAgain
from linkage.opening_hours import OpeningHours, read_opening_hours
from linkage.thresholds import Findings

__all__ = ["Behind", "Finding", "Rule", "RuleName", "Why", "all_rules"]


def all_rules(thresholds: Findings, persons: Persons, hours_of: Callable[[str], OpeningHours | None]) -> tuple[Rule, ...]:
    """Every rule, ready to look at a log once.

    Args:
        thresholds: what counts as unusual.
        persons: tells persons apart.
        hours_of: a centre's own opening hours, by its id; None: those of the thresholds.
    """
    usual = read_opening_hours(thresholds.opening_hours)
    return (
        OutsideHours(
            lambda centre: hours_of(centre) or usual, thresholds.holidays, margin=thresholds.hours_margin, least=thresholds.outside_hours
        ),
        SamePersonAgain(persons, visits=thresholds.same_person_visits, days=thresholds.same_person_days),
        FarAboveUsual(spreads=thresholds.far_above_spreads, least=thresholds.far_above_visits, days=thresholds.far_above_days),
        FailedInARow.by_officer(thresholds.failed_by_officer),
        FailedInARow.by_counter(thresholds.failed_by_counter),
        CardAtTwoCentres(persons, minutes=thresholds.two_centres_minutes),
        PresenceExceptions(),
        OwnNumber(persons),
    )
