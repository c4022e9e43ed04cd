"""The example's adapter: the manifest beside it, and nothing else. X-Road itself is `linkage.sources.rest.xroad`."""

from pathlib import Path

from linkage.sources.rest.adapter import of_manifest
from linkage.sources.rest.reading import read_manifest
from linkage.sources.rest.xroad.adapter import XRoadAdapter

MANIFEST = read_manifest(Path(__file__).parent)


@of_manifest(MANIFEST)
class XRoad(XRoadAdapter):
    """The invented population register, asked through X-Road."""
