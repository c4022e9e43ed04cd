"""DOPA, the Department of Provincial Administration: card check, death status, and the records of Linkage Center 2."""

from adapters.dopa.adapter import Dopa

__all__ = ["Dopa"]
