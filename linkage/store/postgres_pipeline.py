"""Several statements in one round trip, so that the server goes on watching over who says nothing behind them."""

import psycopg
from psycopg.abc import PQGen


class Pipeline(psycopg.Pipeline):
    """A pipeline whose last word is its sync.

    psycopg asks for a flush behind it. To the server that is one more message, and it stops the clock by which a transaction that has
    fallen silent is ended (`idle_in_transaction_session_timeout`): a frozen holder of the head's lock would block everybody for ever.
    """

    def _exit_gen(self) -> PQGen[None]:
        try:
            self._enqueue_sync()
            yield from self._communicate_gen()
        finally:
            yield from self._fetch_gen(flush=False)
