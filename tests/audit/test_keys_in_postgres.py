"""The same care where the data keys are in PostgreSQL: wrapped anew, forgotten by themselves and at a person's request."""

from linkage.audit.forgetting import Forgetting, Ground
from linkage.audit.journal import Journal
from linkage.audit.keys_apart import KeysApart
from linkage.audit.sealing import Sealing
from linkage.keyring import KeyRing
from linkage.runtime.key_care import KeyCare
from linkage.store.postgres_keys import PostgresKeys, create_postgres_keys
from linkage.telemetry import Metrics
from tests.audit.world import NUMBER, OTHER_NUMBER, World, ring
from tests.postgres import GATEWAY, Server
from tests.small_log import SIGNER


async def test_a_round_wraps_anew_and_forgets_what_is_over_and_a_person_is_forgotten_on_request(
    world: World, journal: Journal, postgres: Server
) -> None:
    database = postgres.fresh_database(lambda one: create_postgres_keys(one.owner, GATEWAY))
    apart = KeysApart(lambda: PostgresKeys(database.gateway))
    before = Sealing(SIGNER.verifier.name, ring(1), ring(2), world.clock, keep_days=1)
    over, lasting, stranger = before.new_key(NUMBER).row, before.new_key(NUMBER, [9]).row, before.new_key(OTHER_NUMBER, [9]).row
    await apart.ask(lambda store: store.put([over, lasting, stranger]))
    world.clock.advance(86_400)
    now = Sealing(SIGNER.verifier.name, KeyRing((ring(3).current, ring(1).current)), ring(2), world.clock)
    keeper = KeyCare(journal, apart, now, world.clock, Metrics())

    await keeper.begin(SIGNER.verifier)
    await keeper.look()

    assert await apart.ask(lambda store: store.get(over.id)) is None
    assert await apart.ask(lambda store: store.keks()) == ("k3",)
    done = await Forgetting(journal, apart, now, world.clock, open_ms=0).forget(NUMBER, world.clock.now_ms(), Ground.UNLAWFUL)
    assert (done.count, done.left) == (1, 0)
    assert await apart.ask(lambda store: store.get(lasting.id)) is None
    assert await apart.ask(lambda store: store.get(stranger.id)) is not None
    assert [leaf["facts"]["why"] for leaf in world.leaves() if leaf["kind"] == "shred"] == ["retention", "request"]
    await keeper.close()
