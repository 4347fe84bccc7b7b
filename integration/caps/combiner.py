"""Decides together what many threads of one process ask for at the same time.

Threads queue; one thread per process takes all that has queued and decides it in one go while the
next ones queue. Nobody waits for a timer. Arrival order is kept.
"""

from __future__ import annotations

import os
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, Generic, TypeVar

from integration.foundation.errors import Unavailable
from integration.foundation.turn import Turn, let_go

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Asked = TypeVar("Asked")
Answered = TypeVar("Answered")

ANSWERED_WITHIN_S = 1.0
"""How long the next round waits for threads to take their answers, should one be stuck."""


class _Waiting(Turn, Generic[Asked, Answered]):
    """A thread's question. Its turn to go comes once there is an outcome."""

    __slots__ = ("asked", "outcome")

    def __init__(self, asked: Asked) -> None:
        super().__init__()
        self.asked = asked
        self.outcome: Answered | Exception | None = None


class Combiner(Generic[Asked, Answered]):
    """Hands what queued to `decide_all`, which answers in the same order; exceptions are answers.

    The thread starts with the first question, so that a process may fork before.
    """

    def __init__(
        self,
        decide_all: Callable[[Sequence[Asked]], Sequence[Answered | Exception]],
        *,
        capacity: int = 1000,
        deadline_s: float = 10.0,
        most_at_once: int = 256,
    ) -> None:
        self._decide_all = decide_all
        self._capacity = capacity
        self._deadline_s = deadline_s
        self._most_at_once = most_at_once
        self._queue: SimpleQueue[_Waiting[Asked, Answered] | None] = SimpleQueue()
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
        self._queue.put(waiting)
        if not waiting.wait(self._deadline_s):
            raise Unavailable("There was no answer in time")
        if isinstance(waiting.outcome, Exception):
            raise waiting.outcome
        return waiting.outcome  # type: ignore[return-value]  # None only before the answer.

    @property
    def queued(self) -> int:
        """How many wait for the next round."""
        return self._queue.qsize()

    def stop(self) -> None:
        """Let the thread end once it has answered what queued so far."""
        if self._process == os.getpid():
            self._queue.put(None)

    def _start(self) -> None:
        with self._starting:
            if self._process != os.getpid():
                self._queue = SimpleQueue()
                Thread(target=self._work, args=(self._queue,), name="combiner", daemon=True).start()
                self._process = os.getpid()

    def _work(self, queue: SimpleQueue[_Waiting[Asked, Answered] | None]) -> None:
        while (first := queue.get()) is not None:
            batch = [first]
            while len(batch) < self._most_at_once:
                try:
                    waiting = queue.get_nowait()
                except Empty:
                    break
                if waiting is None:
                    queue.put(None)
                    break
                batch.append(waiting)
            self._decide([each for each in batch if not each.is_given_up])

    def _decide(self, batch: Sequence[_Waiting[Asked, Answered]]) -> None:
        try:
            outcomes = self._decide_all([each.asked for each in batch])
        except Exception as fault:  # Whatever it is, the threads that wait must hear of it.
            outcomes = [fault] * len(batch)
        for each, outcome in zip(batch, outcomes, strict=True):
            each.outcome = outcome
        # Who is answered often asks again at once. A round that began with the first of them would
        # find a few; all of them have asked when it begins after the last.
        after_the_last = Turn()
        let_go([*batch, after_the_last])
        after_the_last.wait(ANSWERED_WITHIN_S)
