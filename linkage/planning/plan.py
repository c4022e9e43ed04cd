"""The arithmetic from a demand and the measured figures to what must be provided. Pure: the same question has the same answer.

Everything is reckoned for the worst that the demand allows: the busiest second, a machine gone, a checkpoint for every entry, every open hour
as busy as the busiest. Where one number would flatter, the other is taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from linkage.planning.demand import Backend, Demand
from linkage.planning.figures import Figures, LogFigures

HOUR_S = 3600.0
_GB = 1e9


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plan: a stable key, what it is, the number with its unit, and how it came about. ``at_most``: what it may not exceed."""

    key: str
    what: str
    value: float
    unit: str
    how: str
    at_most: float | None = None

    @property
    def fits(self) -> bool:
        """Whether the number is within its bound, if it has one."""
        return self.at_most is None or self.value <= self.at_most


@dataclass(frozen=True, slots=True)
class Plan:
    """What must be provided, line by line."""

    demand: Demand
    figures: Figures
    lines: tuple[Line, ...]

    @property
    def fits(self) -> bool:
        """Whether every line is within its bound."""
        return all(line.fits for line in self.lines)

    def __getitem__(self, key: str) -> float:
        """The number of the line of this key."""
        return next(line.value for line in self.lines if line.key == key)


@dataclass(frozen=True, slots=True)
class _Load:
    """What comes, in the busiest hour and the busiest second."""

    counters: int
    visits_h: float
    lookups_h: float
    entries_each: float
    visits_s: float
    lookups_s: float
    entries_s: float
    handshakes_s: float

    @property
    def calls_s(self) -> float:
        return self.visits_s + self.lookups_s


@dataclass(frozen=True, slots=True)
class _Gateways:
    """What carries it: ``needed`` machines at least, ``machines`` with those in hand."""

    workers: int
    needed: int
    machines: int
    each: int

    @property
    def left(self) -> int:
        """Workers that are left when the machines in hand are gone."""
        return self.needed * self.each


def plan(demand: Demand, figures: Figures) -> Plan:
    """Make a plan."""
    load = _load(demand)
    busy = _busy(demand, figures, load)
    gateways = _gateways(demand, busy, _under_way(demand, figures, load))
    parts = (
        _load_lines(demand, load),
        _gateway_lines(demand, figures, load, gateways, busy),
        _under_way_lines(demand, figures, load, gateways),
        _sequencer_lines(demand, figures, load),
        _size_lines(demand, figures, load),
        _machine_lines(demand, figures, load, gateways),
    )
    return Plan(demand, figures, tuple(line for part in parts for line in part))


def _load(demand: Demand) -> _Load:
    counters = demand.centres * demand.counters
    lookups_h = counters * demand.lookups
    visits_h = lookups_h / demand.records
    entries = 2 + 2 * demand.records + 1 + int(demand.bundles)  # intent and outcome of each question, the bundle's end, the visit's
    to_second = demand.peak / HOUR_S
    return _Load(
        counters,
        visits_h,
        lookups_h,
        entries,
        visits_h * to_second,
        lookups_h * to_second,
        visits_h * entries * to_second,
        counters / demand.connection_age,
    )


def _busy(demand: Demand, figures: Figures, load: _Load) -> float:
    """Processors that are busy in the busiest second."""
    record = (figures.bundle_record if demand.bundles else figures.lookup).value
    return (load.visits_s * figures.verification.value + load.lookups_s * record + load.handshakes_s * figures.handshake.value) / 1e6


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """Questions under way in the busiest second, in all workers together: Little's law."""

    all: float
    at_one_agency: float


def _under_way(demand: Demand, figures: Figures, load: _Load) -> _UnderWay:
    seconds = (demand.agency_ms + figures.own_time.value) / 1000
    return _UnderWay(load.calls_s * seconds, (load.visits_s + load.lookups_s / demand.agencies) * seconds)


def _gateways(demand: Demand, busy: float, under_way: _UnderWay) -> _Gateways:
    for_places = max(under_way.all / demand.max_concurrent, under_way.at_one_agency / demand.concurrency)
    workers = max(1, ceil(busy / demand.utilisation), ceil(for_places))
    needed = 1 if demand.backend is Backend.SQLITE else ceil(workers / demand.processors)
    return _Gateways(workers, needed, needed + (0 if demand.backend is Backend.SQLITE else demand.spare), ceil(workers / needed))


def _load_lines(demand: Demand, load: _Load) -> Iterator[Line]:
    yield Line("counters", "counters", load.counters, "", f"{demand.centres:,} centres x {demand.counters:,}")
    yield Line("lookups_h", "records, busiest hour", load.lookups_h, "/h", f"{load.counters:,} counters x {shown(demand.lookups)}")
    yield Line(
        "visits_h", "visits, busiest hour", load.visits_h, "/h", f"{shown(load.lookups_h)} records / {shown(demand.records)} a visit"
    )
    yield Line(
        "calls_s",
        "questions, busiest second",
        load.calls_s,
        "/s",
        f"({shown(load.visits_h)} + {shown(load.lookups_h)}) / 3,600 x {shown(demand.peak)}",
    )
    bundled = ", 1 for the bundle" if demand.bundles else ""
    yield Line(
        "entries_s",
        "log entries, busiest second",
        load.entries_s,
        "/s",
        f"{shown(load.visits_s)} visits/s x {shown(load.entries_each)}: 2 for the verification, 2 for each record, 1 for the visit's end{bundled}",
    )


def _gateway_lines(demand: Demand, figures: Figures, load: _Load, gateways: _Gateways, busy: float) -> Iterator[Line]:
    record = figures.bundle_record if demand.bundles else figures.lookup
    yield Line(
        "processors",
        "processors busy, busiest second",
        busy,
        "",
        f"{shown(load.visits_s)} verifications/s x {shown(figures.verification.value)} µs + {shown(load.lookups_s)} records/s x "
        f"{shown(record.value)} µs + {shown(load.handshakes_s)} handshakes/s x {shown(figures.handshake.value)} µs",
    )
    under_way = _under_way(demand, figures, load)
    how = (
        f"the most of {shown(busy)} / {shown(demand.utilisation)}, {shown(under_way.all)} under way / {demand.max_concurrent:,} and "
        f"{shown(under_way.at_one_agency)} at one agency / {demand.concurrency:,}, rounded up"
    )
    yield Line("workers", "workers that carry it", gateways.workers, "", how)
    if demand.backend is Backend.SQLITE:
        yield Line("replicas", "gateway machines", 1, "", "a log in a file has one machine; a second one needs PostgreSQL")
    else:
        how = f"{_many(gateways.workers, 'worker')} / {_many(demand.processors, 'processor')}, rounded up, + {demand.spare:,} in hand"
        yield Line("replicas", "gateway machines", gateways.machines, "", how)
    how = f"{gateways.workers:,} / {_many(gateways.needed, 'machine')}, rounded up: server.workers"
    yield Line("workers_each", "workers of each machine", gateways.each, "", how, demand.processors)


def _under_way_lines(demand: Demand, figures: Figures, load: _Load, gateways: _Gateways) -> Iterator[Line]:
    under_way = _under_way(demand, figures, load)
    took = f"({shown(demand.agency_ms)} + {shown(figures.own_time.value)}) ms"
    left = _many(gateways.left, "worker")
    yield Line(
        "under_way",
        "questions under way, of each worker",
        under_way.all / gateways.left,
        "",
        f"{shown(load.calls_s)}/s x {took} / {left}; at most max_concurrent",
        demand.max_concurrent,
    )
    yield Line(
        "under_way_agency",
        "at the busiest agency, of each worker",
        under_way.at_one_agency / gateways.left,
        "",
        f"({shown(load.visits_s)} + {shown(load.lookups_s)} / {demand.agencies:,})/s x {took} / {left}; at most the source's concurrency",
        demand.concurrency,
    )


def _sequencer_lines(demand: Demand, figures: Figures, load: _Load) -> Iterator[Line]:
    log = _log(demand, figures)
    yield Line("commits_s", "commits, at most", load.entries_s, "/s", "if no two entries come together")
    yield Line(
        "sequencer_alone",
        "sequencer, no two entries together",
        100 * load.entries_s / log.alone.value,
        "%",
        f"{shown(load.entries_s)} / {shown(log.alone.value)} entries/s; beyond 100 % they gather by themselves",
    )
    yield Line(
        "sequencer",
        "sequencer, entries gathered",
        100 * load.entries_s / log.gathered.value,
        "%",
        f"{shown(load.entries_s)} / {shown(log.gathered.value)} entries/s in batches of 16",
        100 * demand.utilisation,
    )


def _size_lines(demand: Demand, figures: Figures, load: _Load) -> Iterator[Line]:
    log, open_hours = _log(demand, figures), demand.hours * demand.days
    visits, entries = load.visits_h * open_hours, load.visits_h * open_hours * load.entries_each
    year = f"{shown(demand.hours)} h x {demand.days:,} days"
    yield Line("visits_year", "visits a year", visits, "", f"{shown(load.visits_h)}/h x {year}")
    yield Line("entries_year", "log entries a year", entries, "", f"{shown(visits)} visits x {shown(load.entries_each)}")
    for backend, each, name in ((Backend.SQLITE, figures.sqlite, "SQLite"), (Backend.POSTGRES, figures.postgres, "PostgreSQL")):
        bytes_each = each.entry.value + each.checkpoint.value
        how = f"{shown(entries)} x ({shown(each.entry.value)} + {shown(each.checkpoint.value)} for a checkpoint) bytes"
        yield Line(f"log_{backend}", f"log a year, {name}", entries * bytes_each / _GB, "GB", how)
    keys, index = visits * log.data_key.value / _GB, entries * figures.index_entry.value / _GB
    yield Line("keys", "data keys a year", keys, "GB", f"{shown(visits)} visits x {shown(log.data_key.value)} bytes")
    yield Line("index", "search index a year, each machine", index, "GB", f"{shown(entries)} x {shown(figures.index_entry.value)} bytes")
    both = entries * (log.entry.value + log.checkpoint.value) / _GB + keys
    how = f"({shown(both - keys)} + {shown(keys)}) GB x {shown(demand.years)} years; entries are never removed"
    yield Line("total", f"log and data keys, {shown(demand.years)} years", both * demand.years, "GB", how)


def _machine_lines(demand: Demand, figures: Figures, load: _Load, gateways: _Gateways) -> Iterator[Line]:
    connections = ceil(load.counters / gateways.needed)
    memory = gateways.each * figures.worker.value + connections * figures.connection.value / 1e3
    how = f"{_many(gateways.each, 'worker')} x {shown(figures.worker.value)} MB + {connections:,} counters x {shown(figures.connection.value)} kB"
    yield Line("memory", "memory of each machine", memory, "MB", how)
    if demand.backend is Backend.POSTGRES:
        sessions = gateways.machines * gateways.each * figures.sessions.value
        how = f"{_many(gateways.machines, 'machine')} x {_many(gateways.each, 'worker')} x {shown(figures.sessions.value)}"
        yield Line("sessions", "PostgreSQL sessions", sessions, "", how)
    handshakes = load.counters * HOUR_S / demand.connection_age
    how = f"{load.counters:,} counters x 3,600 / {shown(demand.connection_age)} s of connection_age"
    yield Line("handshakes_h", "TLS handshakes", handshakes, "/h", how)
    again = load.counters * figures.handshake.value / 1e6 / gateways.left
    how = f"{load.counters:,} x {shown(figures.handshake.value)} µs / {_many(gateways.left, 'worker')}"
    yield Line("reconnect", "all counters connect anew", again, "s", how)
    yield from _network_lines(figures, load)


def _network_lines(figures: Figures, load: _Load) -> Iterator[Line]:
    near = (load.visits_s, figures.verification_wire), (load.lookups_s, figures.lookup_wire), (load.handshakes_s, figures.handshake_wire)
    far = (load.visits_s, figures.verification_agency_wire), (load.lookups_s, figures.lookup_agency_wire)
    for key, what, carried in (
        ("network", "network to counters, busiest second", near),
        ("network_agencies", "network to agencies, busiest second", far),
    ):
        sums = " + ".join(f"{shown(rate)}/s x {shown(each.value)}" for rate, each in carried)
        yield Line(key, what, sum(rate * each.value for rate, each in carried) * 8 / 1e6, "Mbit/s", f"({sums}) bytes x 8")


def _log(demand: Demand, figures: Figures) -> LogFigures:
    return figures.sqlite if demand.backend is Backend.SQLITE else figures.postgres


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def shown(value: float) -> str:
    """A number for people: whole from a hundred up, three digits below, thousands apart."""
    if value == round(value) or abs(value) >= 100:
        return f"{round(value):,}"
    return f"{value:.3g}"
