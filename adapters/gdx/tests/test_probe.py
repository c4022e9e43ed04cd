"""What GDX grants, asked without a citizen."""

import pytest

from adapters.gdx.settings import JURISTIC_PERSON, PERSON
from adapters.gdx.simulator import SessionState
from adapters.gdx.simulator_door import AGENT, CONSUMER_KEY, SYSTEM
from adapters.gdx.tests.world import Page, World
from linkage.sources.adapter import Malformed, Probed, Refused, RefusedCause, Unavailable

ALL = Probed({JURISTIC_PERSON: True, PERSON: True})
NO_PERSON = Probed({JURISTIC_PERSON: True, PERSON: False})


@pytest.mark.parametrize(("state", "granted"), [("AgentAvailable", ALL), ("CitizenAvailable", ALL), ("AgentNotAvailable", NO_PERSON)])
async def test_a_person_may_be_asked_for_while_the_agents_card_is_logged_in(state: SessionState, granted: Probed) -> None:
    world = World()
    world.simulator.knobs.session_state = state
    assert await world.probe() == granted
    assert world.operations() == ["token", "permission"]


async def test_the_request_names_the_agent_of_the_settings_and_nobody_else() -> None:
    page = Page({"AgentID": AGENT, "CitizenID": "0" * 13, "SessionState": "AgentAvailable"})
    assert await page.world.probe() == ALL
    path, asked, _ = page.asked[1]
    assert path == "/ws/dopa/linkage/v1/agent/permission"
    assert asked == {"Consumer": CONSUMER_KEY, "CitizenID": AGENT}


@pytest.mark.parametrize("agent", ["0" * 13, "1100000000016", None, int(AGENT)], ids=lambda _: "agent")
async def test_another_agents_session_is_not_ours(agent: object) -> None:
    assert await Page({"AgentID": agent, "SessionState": "AgentAvailable"}).world.probe() == NO_PERSON


async def test_a_system_has_no_session_and_none_is_asked_for() -> None:
    world = World(agent_number_file=None, agent_system=SYSTEM)
    assert await world.probe() == NO_PERSON
    assert await world.probe() == NO_PERSON
    assert world.operations() == ["token"]


@pytest.mark.parametrize("state", ["", "Available", None, 1])
async def test_an_unknown_state_grants_and_refuses_nothing(state: object) -> None:
    assert await Page({"AgentID": AGENT, "SessionState": state}).world.probe() == Unavailable("unknown session state")


@pytest.mark.parametrize("status", [204, 404, 500, 503])
async def test_a_failure_is_unavailable(status: int) -> None:
    assert await Page(b"", status).world.probe() == Unavailable(f"status {status}")
    assert await Page({"Message": "ไม่พบข้อมูล"}, status).world.probe() == Unavailable(f"status {status}")


async def test_a_refusal_is_a_refusal_and_no_record_means_nothing() -> None:
    forbidden = {"Message": "ForbiddenException: consumer not found"}
    assert await Page(forbidden, 403).world.probe() == Refused(RefusedCause.NOT_ENTITLED, "403")
    assert await Page({"Code": "90500"}, 404).world.probe() == Unavailable("no session of whom")


async def test_a_reply_that_is_no_object_is_malformed() -> None:
    with pytest.raises(Malformed):
        await Page(b"AgentAvailable").world.probe()
