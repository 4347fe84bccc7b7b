"""Decides together what many threads of one process ask for at the same time.

Threads queue; one thread per process takes all that has queued and decides it in one go while the
next ones queue. Nobody waits for a timer. Arrival order is kept.
"""

from __future__ import annotations

import os
from collections import deque
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

from integration.foundation.errors import Unavailable
from integration.foundation.turn import Turn, let_go

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")


class _Waiting(Turn, Generic[Asked, Answered]):
    """A thread's question. Its turn to go comes once there is an outcome."""

    __slots__ = ("asked", "outcome")

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self.asked = asked
        self.outcome: Answered | Exception | None = None


class _Line(Generic[Asked, Answered]):
    """Those who wait, in order of arrival; only the deciding thread takes from it."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Waiting[Asked, Answered] | None] = SimpleQueue()
        self._put_back: deque[_Waiting[Asked, Answered]] = deque()
        self.is_stopped = False

    def __len__(self) -> int:
        return self._queue.qsize() + len(self._put_back)

    def add(self, waiting: _Waiting[Asked, Answered] | None) -> None:
        """Let somebody queue; None is the last one."""
        self._queue.put(waiting)

    def first(self) -> _Waiting[Asked, Answered] | None:
        """Wait for the next one; None once the line is stopped."""
        if self._put_back:
            return self._put_back.popleft()
        return self._queue.get()

    def next(self) -> _Waiting[Asked, Answered] | None:
        """The next one who has not given up, if somebody waits."""
        while True:
            if self._put_back:
                return self._put_back.popleft()
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return None
            if waiting is None:
                self.is_stopped = True
                return None
            if not waiting.is_given_up:
                return waiting

    def put_back(self, waiting: _Waiting[Asked, Answered]) -> None:
        """Let somebody be the next again."""
        self._put_back.appendleft(waiting)


class Batch(Generic[Asked, Answered]):
    """What is decided in one go. It may grow until it is answered."""

    def __init__(
        self, waiting: list[_Waiting[Asked, Answered]], line: _Line[Asked, Answered], most: int
    ) -> None:
        self._waiting = waiting
        self._line = line
        self._most = most
        self.asked: list[Asked] = [each.asked for each in waiting]

    def join(self, fits: Callable[[Asked], bool]) -> list[Asked]:
        """Take in those who have queued meanwhile, up to the first who does not fit.

        Who has waited for a lock can decide for them as well. Nobody overtakes anybody.
        """
        joined = []
        while len(self._waiting) < self._most:
            waiting = self._line.next()
            if waiting is None:
                break
            if not fits(waiting.asked):
                self._line.put_back(waiting)
                break
            self._waiting.append(waiting)
            joined.append(waiting.asked)
        self.asked += joined
        return joined

    def answer(self, outcomes: Sequence[Answered | Exception]) -> None:
        """Give each its outcome, in the order of `asked`."""
        for each, outcome in zip(self._waiting, outcomes, strict=True):
            each.outcome = outcome
        let_go(self._waiting)

    def fail(self, fault: Exception) -> None:
        """Let everybody hear of a fault."""
        self.answer([fault] * len(self._waiting))


class Combiner(Generic[Asked, Answered]):
    """Hands what queued to `decide_all`, which answers in the same order; exceptions are answers.

    The thread starts with the first question, so that a process may fork before.
    """

    def __init__(
        self,
        decide_all: Callable[[Batch[Asked, Answered]], Sequence[Answered | Exception]],
        *,
        capacity: int = 1000,
        deadline_s: float = 10.0,
        most_at_once: int = 256,
    ) -> None:
        self._decide_all = decide_all
        self._capacity = capacity
        self._deadline_s = deadline_s
        self._most_at_once = most_at_once
        self._line: _Line[Asked, Answered] = _Line()
        self._starting = Lock()
        self._process = 0

    def ask(self, asked: Asked) -> Answered:
        """Queue a question and wait for its answer.

        Raises:
            Unavailable: too many are queued, or there is no answer in time. What was asked may
                still be decided; asking again with the same id finds it.
        """
        if self._process != os.getpid():
            self._start()
        if self.queued >= self._capacity:
            raise Unavailable("Too many calls ask at the same time")
        waiting: _Waiting[Asked, Answered] = _Waiting(asked)
        self._line.add(waiting)
        if not waiting.wait(self._deadline_s):
            raise Unavailable("There was no answer in time")
        if isinstance(waiting.outcome, Exception):
            raise waiting.outcome
        return waiting.outcome  # type: ignore[return-value]  # None only before the answer.

    @property
    def queued(self) -> int:
        """How many wait for the next round."""
        return len(self._line)

    def stop(self) -> None:
        """Let the thread end once it has answered what queued so far."""
        if self._process == os.getpid():
            self._line.add(None)

    def _start(self) -> None:
        with self._starting:
            if self._process != os.getpid():
                self._line = _Line()
                Thread(target=self._work, args=(self._line,), name="combiner", daemon=True).start()
                self._process = os.getpid()

    def _work(self, line: _Line[Asked, Answered]) -> None:
        while not line.is_stopped:
            first = line.first()
            if first is None:
                return
            batch = Batch([] if first.is_given_up else [first], line, self._most_at_once)
            batch.join(lambda _: True)
            if batch.asked:
                self._decide(batch)

    def _decide(self, batch: Batch[Asked, Answered]) -> None:
        try:
            outcomes = self._decide_all(batch)
        except Exception as fault:  # Whatever it is, the threads that wait must hear of it.
            batch.fail(fault)
        else:
            batch.answer(outcomes)
