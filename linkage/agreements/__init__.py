"""DECIDE: what is agreed between whom, what follows for one request, and what is left of an answer."""

from linkage.agreements.book import Book, Known, read_book
from linkage.agreements.minimise import Minimised, minimise
from linkage.agreements.model import Agreement, Deny, Grant, NamedException, Permit
from linkage.agreements.policy import decide_code_exchange, decide_login, decide_lookup, decide_verification

__all__ = [
    "Agreement",
    "Book",
    "Deny",
    "Grant",
    "Known",
    "Minimised",
    "NamedException",
    "Permit",
    "decide_code_exchange",
    "decide_login",
    "decide_lookup",
    "decide_verification",
    "minimise",
    "read_book",
]
