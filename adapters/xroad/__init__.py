"""X-Road, with one invented population register behind it: the model for a ministry's own."""

from adapters.xroad.adapter import XRoad

__all__ = ["XRoad"]
