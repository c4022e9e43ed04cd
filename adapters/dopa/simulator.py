"""A small true world that speaks DOPA's own formats: card check, death status, Linkage Center 2, and invented people.

    world = DopaSimulator()
    world.knobs.down = True                     # how DOPA misbehaves: see `DopaKnobs`
    world.people["1100000000016"]               # whom DOPA knows
    world.received                              # what DOPA was asked: operation, request id, time

One ASGI app plays all hosts; `world.settings_for(url)` names where each service lives on it.
"""

from typing import TYPE_CHECKING

from pydantic import Field
from starlette.applications import Starlette

from adapters.dopa.examples import OFFICER, examples
from adapters.dopa.people import Person, load_people
from adapters.dopa.simulator_card import CardCheck
from adapters.dopa.simulator_linkage import JOB, LinkageCenter
from linkage.clock import Clock, SystemClock
from linkage.sources.simulation import Examples, Knobs, Received, Simulation

if TYPE_CHECKING:
    from collections.abc import Callable


class DopaKnobs(Knobs):
    """How DOPA misbehaves. Operations: CheckCardByLaser, CheckCardByCID, CheckDeathStatus, login, confirm, job, request, renew, logout."""

    service_fails: dict[int, int] = Field(
        default_factory=dict, description="Linkage Center: service number -> its responseStatus, inside HTTP 200"
    )
    quota: int | None = Field(default=None, ge=0, description="Linkage Center: services an officer may still ask; None: no end")
    numbers_as_texts: bool = Field(default=False, description="Linkage Center: every number of a record as a JSON string")
    in_arrays: bool = Field(default=False, description="Linkage Center: every responseData as an array of one")


class DopaSimulator:
    """DOPA. ``app`` is the ASGI app; `people` and `knobs` may be changed at any time."""

    def __init__(self, people: dict[str, Person] | None = None, *, clock: Clock | None = None) -> None:
        self.people = load_people() if people is None else people
        self.knobs = DopaKnobs()
        self.accepts_access_token: Callable[[str, str], bool] | None = None
        """Linkage Center's word with ThaID: whether this access token is this officer's. None: any token is taken."""
        simulation = Simulation(self.knobs, clock or SystemClock(), self._add_person)
        self.received: list[Received] = simulation.received
        card = CardCheck(simulation, self.people)
        self._center = LinkageCenter(simulation, self.knobs, self.people, self._accepts)
        self.app = Starlette(routes=[*simulation.routes(), *self._center.routes(), *card.routes()])

    def settings_for(self, url: str) -> dict[str, object]:
        """The adapter's settings towards this simulator when it is served at ``url`` (no slash at the end)."""
        return {
            "card_url": f"{url}/CheckCardStatus/CheckCardService.asmx",
            "death_url": f"{url}/CheckStatus/POPStatusService.asmx",
            "linkage_url": url,
            "job_id": JOB,
        }

    def examples(self) -> Examples:
        """Whom it can be asked about, with a session of an officer who has just logged in."""
        return examples(self.people, self._center.session_of(OFFICER))

    def _accepts(self, token: str, number: str) -> bool:
        return self.accepts_access_token is None or self.accepts_access_token(token, number)

    def _add_person(self, row: object) -> None:
        person = Person.model_validate(row)
        self.people[person.number] = person
