"""KEEP: the access log with its claims, and the data keys, each in a file of its own."""
