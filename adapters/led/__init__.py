"""LED, the Legal Execution Department: bankruptcy cases of persons and juristic persons."""

from adapters.led.adapter import Led

__all__ = ["Led"]
