"""What must hold of our role, and of the tables, before anything is written to a log in PostgreSQL."""

from typing import Final

from linkage.store.contract import StorePoisoned
from linkage.store.postgres_open import Connection

_MAY_CHANGE: Final = """
SELECT
  bool_or(pg_has_role(c.relowner, 'MEMBER')),
  bool_or(has_table_privilege(c.oid, 'UPDATE') OR has_any_column_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE')
          OR has_table_privilege(c.oid, 'TRUNCATE'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'linkage_log' AND c.relname IN ('leaf', 'node', 'checkpoint')
"""


_GUARDS_GONE: Final = """
SELECT guard.name FROM unnest(ARRAY['head_stays', 'head_grows', 'leaf_stays', 'node_stays', 'checkpoint_stays']) AS guard (name)
WHERE NOT EXISTS (
  SELECT 1 FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'linkage_log' AND t.tgname = guard.name AND t.tgenabled = 'A'
)
"""


def check_rights(connection: Connection) -> None:
    """Refuse to write as a role that could change what is written, and where the triggers that refuse every change are gone.

    Raises:
        StorePoisoned: it owns the log or may become its owner, or was granted too much, or a trigger is not there; the message says
            what to do.
    """
    owns, changes = connection.execute(_MAY_CHANGE).fetchone() or (None, None)
    if owns:
        raise StorePoisoned("the gateway's role: owns the log, or is a superuser: connect as the role that the log was laid out for")
    if changes:
        raise StorePoisoned("the gateway's role: may change entries: REVOKE UPDATE, DELETE, TRUNCATE on the tables of linkage_log from it")
    gone = [name for (name,) in connection.execute(_GUARDS_GONE)]
    if owns is not None and gone:  # None: no log is laid out here, which is told elsewhere
        table = gone[0].rpartition("_")[0]
        raise StorePoisoned(
            f"the log's triggers: {', '.join(gone)} missing or not always enabled: entries could be changed. Find out by whom; then, as the "
            f"owner: ALTER TABLE linkage_log.{table} ENABLE ALWAYS TRIGGER {gone[0]}"
        )
