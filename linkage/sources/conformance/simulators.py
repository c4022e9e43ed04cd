"""The simulator beside an adapter: everything else here is tried against it, and so is every demonstration."""

from collections.abc import AsyncIterator

import httpx
from pydantic import ValidationError

from linkage.sources.adapter import Fetches
from linkage.sources.conformance.check import check
from linkage.sources.conformance.place import TIMEOUT_S, Place
from linkage.sources.conformance.questions import is_positive
from linkage.terms import subject_kind_of

_NOWHERE = "http://127.0.0.1:1"

_TROUBLES: tuple[dict[str, object], ...] = ({"down": True}, {"status": 500}, {"malformed": True}, {"redirect": True})


@check(
    "simulator-settings-fit",
    because="Everything else here is tried against the simulator.",
    remedy="Let settings_for give what the adapter's settings model takes, with every URL under the one it is given.",
)
async def simulator_settings_fit(place: Place) -> AsyncIterator[str]:
    if place.candidate.make_simulator is None:
        yield "it has no simulator: name one in the entry points, group linkage.simulators"
        return
    adapter = place.adapter()
    try:
        settings = adapter.Settings.model_validate(dict(place.simulator.settings_for(_NOWHERE)))
    except ValidationError as failure:
        for error in failure.errors(include_url=False, include_input=False):
            yield f"{'.'.join(map(str, error['loc'])) or 'settings'}: {error['msg']}"
        return
    if any(not one.startswith(_NOWHERE) for one in adapter.base_urls(settings)):
        yield "some URL of the settings leads elsewhere than to the simulator"


@check(
    "simulator-has-examples",
    because="What nobody is named for, nobody can try.",
    remedy="Let examples() name, for every record type, somebody who is found and somebody who is not, and evidence with its verdict.",
)
async def simulator_has_examples(place: Place) -> AsyncIterator[str]:
    examples, adapter = place.examples(), place.adapter()
    for kind in place.kinds if adapter.records_file is not None else ():
        for where, subjects in (("found", examples.found), ("not_found", examples.not_found)):
            if kind.type not in subjects:
                yield f"{where} names nobody for {kind.type}"
            elif subject_kind_of(subjects[kind.type]) not in kind.subjects:
                yield f"{where} names for {kind.type} somebody of a kind that it is not kept about"
    if isinstance(adapter, Fetches) and adapter.needs_login and examples.session is None:
        yield "no session, although every query needs a login"


@check(
    "simulator-obeys-its-knobs",
    because="An outage is rehearsed by turning a knob: one that does nothing rehearses nothing.",
    remedy="Meet every request through linkage.sources.simulation.Simulation, and serve its routes.",
)
async def simulator_obeys_its_knobs(place: Place) -> AsyncIterator[str]:
    questions = [question for question, _ in await place.answered()]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{place.upstream()}", trust_env=False) as page:
        for trouble in _TROUBLES:
            (name,) = trouble
            calm = (await page.get("/_simulator/knobs")).json()
            turned = await page.post("/_simulator/knobs", json=trouble)
            if turned.status_code != 200 or name not in calm:
                yield f"the knob {name} cannot be turned over HTTP"
                continue
            async with place.before() as asking:
                for question in questions:
                    if is_positive(await question.through(asking.source, place.examples(), TIMEOUT_S)):
                        yield f"{question.label}: answered although the knob {name} is turned"
            await page.post("/_simulator/knobs", json={name: calm[name]})
        if not (await page.get("/_simulator/received")).json():
            yield "/_simulator/received says nothing of what it was asked"
