"""ASK: adapters, and what stands between them and the corridors."""
