"""What is in force at one moment: the register, the catalogue and the book of agreements, read together."""

from dataclasses import dataclass

from linkage.agreements.book import Book
from linkage.catalogue.catalogue import Catalogue
from linkage.identity.register import Register


@dataclass(frozen=True, slots=True)
class InForce:
    """One call is decided by one of these from end to end. ``digest``: SHA-256 over all three, lower-case hex."""

    register: Register
    catalogue: Catalogue
    book: Book
    digest: str
