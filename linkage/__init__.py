"""The gateway that lets citizens leave their copies at home."""

__version__ = "0.1.0"
