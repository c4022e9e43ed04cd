"""DBD, the Department of Business Development: the public page of a juristic person, by its number."""

from adapters.dbd.adapter import Dbd

__all__ = ["Dbd"]
