"""The composition root: what is built, from which settings, and kept running."""
