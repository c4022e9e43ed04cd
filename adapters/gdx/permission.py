"""What GDX grants us, asked without any citizen: whether it gives us a token, and whether the agent's card is logged in to GovAMI.

The only person named is the agent of the settings, under whose login ``gdx.person`` asks. GDX keeps no list of grants, so for
``gdx.juristic_person`` a token is all there is to know beforehand.
"""

import httpx

from adapters.gdx.exchange import ask, fetch_anew
from adapters.gdx.refusals import refusal
from adapters.gdx.settings import JURISTIC_PERSON, PERSON, GdxSettings
from linkage.sources.adapter import Link, NotFound, Probed, Refused, Unavailable
from linkage.sources.kept_token import KeptTokens
from linkage.sources.reading import json_object

STATES = {"AgentNotAvailable": False, "AgentAvailable": True, "CitizenAvailable": True}
"""SessionState -> whether the agent is logged in. The last: with a citizen's card in the reader beside the agent's own."""


async def probe(link: Link, settings: GdxSettings, tokens: KeptTokens) -> Probed | Refused | Unavailable:
    """Ask for a token, and for the agent's session where the agent is a person.

    Raises:
        Malformed: a reply cannot be read.
        httpx.HTTPError: as it came.
    """
    if settings.agent_number_file is None:
        refused = await fetch_anew(link, settings, tokens)
        return _granted(logged_in=False) if refused is None else refused
    agent = settings.agent()
    parameters = {"Consumer": settings.consumer_key(), "CitizenID": agent}
    response = await ask("dopa/linkage/v1/agent/permission", parameters, link, settings, tokens)
    if not isinstance(response, httpx.Response):
        return response
    if response.status_code != 200:
        said = refusal(response, ())
        return Unavailable("no session of whom") if isinstance(said, NotFound) else said
    body = json_object(response)
    logged_in = STATES.get(str(body.get("SessionState")))
    if logged_in is None:
        return Unavailable("unknown session state")
    return _granted(logged_in=logged_in and body.get("AgentID") == agent)


def _granted(*, logged_in: bool) -> Probed:
    return Probed({JURISTIC_PERSON: True, PERSON: logged_in})
