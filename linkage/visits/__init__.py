"""PRESENCE: what shows that a person is, or an officer was, there: sealed, short-lived, bound to counter and officer."""

from linkage.visits.agency_session import AgencyLogin, AgencyLogins, LoginBegun
from linkage.visits.token import Sealer, TokenInvalid
from linkage.visits.visit import Visit, Visits

__all__ = ["AgencyLogin", "AgencyLogins", "LoginBegun", "Sealer", "TokenInvalid", "Visit", "Visits"]
