"""RECORD: the journal, the only way to write the access log, and what reads and proves it."""
