"""How long the log can show whom an access was about: as long as the agreements it was made under say.

Decided when a data key is made, and not again: agreements that are read anew change nothing for the keys that are there.
"""

from datetime import date

from linkage.agreements.book import Book
from linkage.terms import RecipientId, ServiceId


def retentions_of(book: Book, recipient: RecipientId, service: ServiceId, today: date) -> tuple[int | None, ...]:
    """What each agreement of the recipient that is in force and names the service says, in days; None: what the settings say.

    A visit's key serves all of them, so the longest counts (`linkage.audit.sealing.Sealing.new_key`).
    """
    return tuple(each.retention_days for each in book.of(recipient) if service in each.services and each.in_force(today))
