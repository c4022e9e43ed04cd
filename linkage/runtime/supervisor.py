"""Keeps workers running: starts them, ends one that has fallen silent, starts another in the place of one that ended, ends all in order.

A worker that is stopped while it holds the write lock of a SQLite log would keep all others from writing, without end: no timeout of
theirs can take the lock from it. Only its end does, and SQLite then undoes what it had not committed.

A rolling restart replaces one worker after the other: the new one serves before the old one is asked to end, so that somebody always
listens.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum, auto

import structlog

from linkage.runtime.worker_process import CUT_OFF, Launch, Orders, Patience, WorkerProcess, told

_log = structlog.get_logger()

_TICK = 0.1
_OVERSLEPT = 1.0
"""Seconds between two looks from which on the machine itself, or this process, was stopped: silence then says nothing of a worker."""
_SHORTEST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_SETTLED = 30.0
"""Seconds after which a worker that ends is replaced at once: it had worked, and something happened to it."""
_TRIES = 3
"""Starts in a row of every worker without one that ever served, after which this process ends, too: whoever watches over it starts anew."""
_REMEMBERED = 64
"""Workers that have ended badly and whose intents nobody is known to have closed yet."""

Launcher = Callable[[Orders], Launch]


class Cause(StrEnum):
    """Why a worker was replaced."""

    SILENT = auto()
    """It had fallen silent, and was ended."""
    ENDED = auto()
    """It ended by itself, or somebody else ended it."""
    ROLLED = auto()
    """In order, by a rolling restart."""


@dataclass(slots=True)
class _Place:
    number: int
    launcher: Launcher
    current: WorkerProcess | None = None
    ends: int = 0
    """Ends in a row, each soon after its start."""
    fruitless: int = 0
    """Starts in a row that never came to serve."""
    not_before: float = 0.0


@dataclass(slots=True)
class _Roll:
    launcher: Launcher
    waiting: deque[_Place]
    new: WorkerProcess | None = None


@dataclass(slots=True)
class Supervisor:
    """Watches over ``number`` workers. `stop` and `reload` may be called from a signal handler or another thread."""

    launcher: Launcher
    number: int
    patience: Patience = field(default_factory=Patience)
    renew: Callable[[], Launcher | None] = lambda: None
    """Asked in `run`, after a `reload`, how workers are started from now on; None where it must stay as it is."""
    final: Mapping[int, int] = field(default_factory=dict)
    """Exit statuses of a worker after which nobody may go on: all are ended at once, and what `run` gives then."""
    replaced: Counter[Cause] = field(default_factory=Counter)
    """Workers that were replaced, or will be as soon as that is possible."""
    _places: list[_Place] = field(default_factory=list)
    _leaving: list[tuple[WorkerProcess, float]] = field(default_factory=list)
    """Those that a rolling restart has asked to leave, and until when each may take."""
    _roll: _Roll | None = None
    _unsettled: deque[str] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _stops: int = 0
    _reloads: int = 0
    _verdict: int | None = None
    _at_once: bool = False
    _worst: int = 0

    def stop(self) -> None:
        """End the workers in order; `run` returns afterwards. Called again, they are asked again."""
        self._stops += 1

    def lose(self) -> None:
        """End the workers at once: this gateway may write the log no more, and somebody else may be closing what they left open."""
        self._at_once, self._verdict = True, CUT_OFF

    def reload(self) -> None:
        """Begin a rolling restart, unless one is under way."""
        self._reloads += 1

    @property
    def rolling(self) -> bool:
        """Whether a rolling restart is under way."""
        return self._roll is not None

    def workers(self) -> list[tuple[int, WorkerProcess]]:
        """The workers that serve now, with their numbers."""
        now = [(place.number, place.current) for place in self._places]
        return [(number, current) for number, current in now if current is not None and current.serves]

    def leaving(self) -> list[tuple[int, WorkerProcess]]:
        """As `workers`: those whose successors serve, and who still answer the clients that they have."""
        return [(worker.orders.number, worker) for worker, _ in list(self._leaving) if worker.serves]

    def pids(self) -> tuple[int, ...]:
        """The process ids of the workers that run now, by number."""
        return tuple(place.current.pid for place in self._places if place.current is not None)

    def run(self) -> int:
        """Watch until `stop`, or until there is no point in going on. Gives the exit status that says how it ended, 0 for in order."""
        self._places = [_Place(number, self.launcher) for number in range(self.number)]
        looked = time.monotonic()
        try:
            while not self._stops and self._verdict is None:
                time.sleep(_TICK)
                now = time.monotonic()
                self._look(now, overslept=now - looked > _OVERSLEPT)
                looked = now
        finally:
            self._end_all()
        return self._worst if self._verdict is None else self._verdict

    def _look(self, now: float, *, overslept: bool) -> None:
        for place in self._places:
            self._look_at(place, now, overslept=overslept)
        self._part(now, overslept=overslept)
        if self._reloads and self._roll is None:
            self._reloads = 0
            self._begin_roll()
        if self._roll is not None:
            self._go_on(self._roll, now)

    def _look_at(self, place: _Place, now: float, *, overslept: bool) -> None:
        worker = place.current
        if worker is None:
            coming = self._roll is not None and self._roll.new is not None and self._roll.waiting[0] is place
            if now >= place.not_before and not coming:
                place.current = self._started(place, place.launcher, now)
        elif worker.status is not None:
            self._bury(place, worker, now)
        else:
            self._listen(worker, now, overslept=overslept)

    def _listen(self, worker: WorkerProcess, now: float, *, overslept: bool) -> None:
        if self._heard(worker, now):
            return
        if overslept:
            worker.heard = now
        elif worker.is_silent(now, self.patience):
            _log.error("a worker has fallen silent: ending it", worker=worker.orders.number, pid=worker.pid)
            worker.silenced, worker.heard = True, now
            worker.kill()  # a stopped process hears nothing else

    def _heard(self, worker: WorkerProcess, now: float) -> bool:
        served, heard = worker.serves, worker.hear(now)
        if worker.serves and not served:
            for boot in set(worker.orders.after) & set(self._unsettled):
                self._unsettled.remove(boot)
        return heard

    def _started(self, place: _Place, launcher: Launcher, now: float) -> WorkerProcess | None:
        try:
            worker = WorkerProcess(place.number, launcher, tuple(self._unsettled), now)
        except OSError as cause:  # no memory, too many processes: the workers that run are none the worse for it
            self._wait(place, now)
            _log.error("a worker cannot be started", worker=place.number, why=cause.strerror)
            place.fruitless += 1
            self._give_up_if_none_lives(None)
            return None
        _log.info("worker started", worker=place.number, pid=worker.pid)
        return worker

    def _bury(self, place: _Place, worker: WorkerProcess, now: float) -> None:
        place.current = None
        self.replaced[Cause.SILENT if worker.silenced else Cause.ENDED] += 1
        self._over(worker)
        place.fruitless = 0 if worker.serves else place.fruitless + 1
        if now - worker.began >= _SETTLED:
            place.ends = 0
        else:
            self._wait(place, now)
        _log.warning("a worker ended", worker=place.number, pid=worker.pid, status=worker.status)
        self._give_up_if_none_lives(worker.status)

    def _give_up_if_none_lives(self, status: int | None) -> None:
        """``status``: that of the last one; None where it was not even begun."""
        if self._verdict is None and all(each.current is None and each.fruitless >= _TRIES for each in self._places):
            _log.error("no worker can live: ending")
            self._verdict = told(status) or CUT_OFF

    def _over(self, worker: WorkerProcess) -> None:
        """It has ended; what it may have left behind is for the next one. Whether another may come, any worker's status says."""
        if status := worker.status:
            self._unsettled.append(worker.orders.boot)
            if status in self.final:
                self._at_once, self._verdict = True, self.final[status]
        worker.close()

    def _wait(self, place: _Place, now: float) -> None:
        """Before the next try: longer and longer, so that a worker that cannot live costs little."""
        place.not_before = now + min(_SHORTEST_WAIT * 2**place.ends, _LONGEST_WAIT)
        place.ends = min(place.ends + 1, 16)

    # ---- rolling ---------------------------------------------------------------------------------------------------

    def _begin_roll(self) -> None:
        launcher = self.renew()
        if launcher is not None:
            _log.info("rolling restart: begun")
            self._roll = _Roll(launcher, deque(self._places))

    def _go_on(self, roll: _Roll, now: float) -> None:
        if roll.new is None:
            self._next(roll, now)
            return
        new, place = roll.new, roll.waiting[0]
        if self._heard(new, now):
            roll.waiting.popleft()
            roll.new = None
            if place.current is not None:
                self.replaced[Cause.ROLLED] += 1
                place.current.leave()
                self._leaving.append((place.current, now + self.patience.leave + self.patience.drain))
            place.current, place.launcher, place.ends = new, roll.launcher, 0
        elif new.status is not None or now - new.began > self.patience.start:
            new.kill()
            self._leaving.append((new, now))
            self._give_up_roll(place)

    def _next(self, roll: _Roll, now: float) -> None:
        if self._leaving:
            return
        if not roll.waiting:
            self._roll = None
            _log.info("rolling restart: done")
            return
        roll.new = self._started(roll.waiting[0], roll.launcher, now)
        if roll.new is None:
            self._give_up_roll(roll.waiting[0])

    def _give_up_roll(self, place: _Place) -> None:
        self._roll = None
        _log.error("rolling restart: given up, a new worker did not come up; those that run stay", worker=place.number)

    def _part(self, now: float, *, overslept: bool) -> None:
        """See those off who were asked to leave."""
        for worker, until in list(self._leaving):
            if worker.status is not None:
                self._leaving.remove((worker, until))
                self._over(worker)
            elif now > until:
                worker.kill()
            else:
                self._listen(worker, now, overslept=overslept)

    # ---- the end ---------------------------------------------------------------------------------------------------

    def _end_all(self) -> None:
        staying = [place.current for place in self._places] + ([self._roll.new] if self._roll is not None else [])
        running = [worker for worker in staying if worker is not None] + [worker for worker, _ in self._leaving]
        asked, looked = 0, time.monotonic()
        until = looked + self.patience.drain
        while running:
            now = time.monotonic()
            if self._at_once or now > until:
                for worker in running:
                    worker.kill()
            elif asked < max(1, self._stops):
                asked += 1
                for worker in running:
                    worker.terminate()
            for worker in list(running):
                if worker.status is None:
                    self._listen(worker, now, overslept=now - looked > _OVERSLEPT)
                else:
                    running.remove(worker)
                    self._worst = max(self._worst, told(worker.status))
                    self._over(worker)
            looked = now
            time.sleep(_TICK / 2)
