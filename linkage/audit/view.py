"""What of the log one auditor may see: whatever concerns an agency that the register lets them read for.

The same rule as a search's (`linkage.audit.indexing`): the recipient, the agency that acts, the sources asked. An entry that names none
of them (a refusal before anybody was recognised) is its centre's agency's, and one that names nobody at all is everybody's.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from linkage.audit.access import Access
from linkage.audit.indexing import agencies_of


@dataclass(frozen=True, slots=True)
class View:
    """One auditor's view. ``agency_of_centre``: who runs each centre, by the centre's id."""

    agencies: Collection[str]
    agency_of_centre: Mapping[str, str]

    def shows(self, access: Access) -> bool:
        """Whether the auditor may see it."""
        concerned = agencies_of(access.facts)
        if concerned:
            return not concerned.isdisjoint(self.agencies)
        if access.text("auditor"):
            return False  # a reading that names no agencies is shown to nobody by chance
        centre = access.text("centre")
        return not centre or self.agency_of_centre.get(centre) in self.agencies
