"""GDX, the Government Data Exchange of DGA: juristic persons, civil registration and the card check, through one door."""

from adapters.gdx.adapter import Gdx

__all__ = ["Gdx"]
