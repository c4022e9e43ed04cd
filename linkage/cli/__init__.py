"""The command line: one file per command. Exit codes: 0 clean, 1 finding, 2 usage or bad settings, 3 unavailable."""
