"""The conformance kit, over real sockets."""

from linkage.sources.conformance import failures


async def test_it_passes_every_check_of_the_kit() -> None:
    assert await failures("gdx") == ()
