"""ThaID, DOPA's digital identity: who a person is who consents now."""

from adapters.thaid.adapter import Thaid

__all__ = ["Thaid"]
