"""How long a bundle of six agencies takes beside the slowest of them alone: both through the gateway, each agency 100 ms slow.

The gateway is a process of its own, as `linkage serve` runs it; the agencies are simulators on real sockets in this one. Bundle and
single lookups take turns, and medians count.
"""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from rich.progress import track

from linkage.client import Counter
from linkage.clock import SystemClock
from linkage.runtime.demo_agencies import REDIRECT_URI, running_agencies
from linkage.runtime.demo_gateway import running_gateway
from linkage.runtime.demo_place import build_place
from linkage.runtime.story import LASER, NUMBER, OFFICER_NUMBER, RECIPIENT, card
from linkage.runtime.story_bundle import SERVICE
from linkage.v1 import lookup_pb2
from linkage.v1.verification_pb2 import ThaidCode

SLOW_S = 0.1
AIM = 1.2
RECORDS = {
    "dopa.person": ["title", "first_name", "last_name", "birth_date"],
    "sso.employment": ["employments"],
    "led.bankruptcy": ["cases"],
    "dlt.driving_licence": ["full_name", "licences"],
    "dep.disability_card": ["full_name", "card_expires_on"],
    "moj.justice_fund_case": ["total", "cases"],
}


def measure(rounds: int) -> list[dict[str, Any]]:
    """The rows for .bench/latest.json."""
    with tempfile.TemporaryDirectory(prefix="linkage-bench-") as scratch, running_agencies() as agencies:
        place = build_place(Path(scratch) / "demo" / "linkage.toml", agencies, SystemClock())
        with running_gateway(place), Counter.from_folder(place.counter) as counter:
            begun = counter.begin_login(recipient=RECIPIENT, source="dopa", officer_number=OFFICER_NUMBER)
            code = ThaidCode(code=agencies.consent(OFFICER_NUMBER), redirect_uri=REDIRECT_URI)
            counter.confirm_login(begun.login_token, begun.offices[0].id, code)
            verified = counter.verify(recipient=RECIPIENT, service=SERVICE, citizen_number=NUMBER, evidence=card(LASER))
            for name in agencies.urls:
                agencies.turn(name, slow=SLOW_S)
            return _figures(counter, verified.visit.token, rounds)


def _figures(counter: Counter, visit: str, rounds: int) -> list[dict[str, Any]]:
    alone: dict[str, list[float]] = {name: [] for name in RECORDS}
    together: list[float] = []
    asked = [lookup_pb2.RecordQuestion(record_type=name, fields=fields) for name, fields in RECORDS.items()]
    for _ in track(range(rounds + 1), description=f"{rounds} rounds of a bundle and its six records"):
        for name, fields in RECORDS.items():
            alone[name].append(_seconds(partial(counter.lookup, visit, SERVICE, name, fields)))
        together.append(_seconds(lambda: list(counter.lookup_bundle(visit, SERVICE, records=asked))))
    slowest = max(median(times[1:]) for times in alone.values())  # the first round opens connections and fetches tokens
    ratio = median(together[1:]) / slowest
    return [
        {"name": "bundle of six agencies of 100 ms / the slowest of them alone, at most", "value": round(ratio, 3), "aim": AIM},
        {"name": "bundle of six agencies of 100 ms, ms", "value": round(median(together[1:]) * 1000, 1), "aim": None},
        {"name": "the slowest of them alone, ms", "value": round(slowest * 1000, 1), "aim": None},
    ]


def _seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
