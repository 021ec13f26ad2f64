"""Submitting jobs that a scheduler does not take whole, since somebody may have only so many.

They go in parts, each as large as passes, and on as places become free. All parts are one job, of
one plan: its tasks keep their places.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from datagen_core.errors import SchedulerFullError
from datagen_core.executors.base import Job
from datagen_core.scheduling.liveness import read_verdict

Submit = Callable[[Job], None]
Wait = Callable[[SchedulerFullError, int], bool]
"""Waits for places, told why and for how many tasks; False to give up, as when a run is over."""


class _Offers:
    """How many tasks to offer next, by what passed and what did not since the last wait."""

    def __init__(self, job: Job) -> None:
        self._job, self._size, self._refused = job, job.size, job.size + 1

    def next(self, left: range) -> Job:
        """Return the part to offer, without what was cancelled; at first the whole job."""
        whole = self._size >= self._job.size and left == self._job.places
        if whole and not self._is_cancelled(left.start):
            return self._job
        start = next((place for place in left if not self._is_cancelled(place)), left.stop)
        part = range(start, min(start + self._size, left.stop))
        stop = next(filter(self._is_cancelled, part), part.stop)
        return self._job._replace(part=range(start, stop))

    def _is_cancelled(self, place: int) -> bool:
        ((plan, (task,)),) = self._job.tasks_at([place])
        return read_verdict(plan, task).startswith("cancelled")

    def accept(self) -> None:
        self._size = max(1, min(2 * self._size, self._refused - 1))

    def refuse(self) -> bool:
        """Halve the part; return whether there is a smaller one."""
        self._refused, self._size = self._size, -(-self._size // 2)
        return self._size < self._refused

    def begin_again(self) -> None:
        self._refused, self._size = self._job.size + 1, 2


def submit_in_parts(
    job: Job, submit: Submit, wait: Wait, find_living: Callable[[], Collection[int]]
) -> None:
    """Submit a job, in parts where it must be.

    What was cancelled meanwhile is left out.

    Parameters
    ----------
    submit
        Submits the job, or a part of it.
    wait
        Waits for places.
    find_living
        Returns the places of its living tasks: in parts, no more than `parallel` are submitted at
        once.

    Raises
    ------
    SchedulerFullError
        What `wait` raises.
    """
    offers, left = _Offers(job), job.places
    while left and (offer := offers.next(left)).places:
        try:
            _check_room(job, offer, find_living)
            submit(offer)
        except SchedulerFullError as error:
            if offers.refuse():
                continue
            if not wait(error, len(left)):
                return
            offers.begin_again()
        else:
            left = range(offer.places.stop, left.stop)
            offers.accept()


def _check_room(job: Job, offer: Job, find_living: Callable[[], Collection[int]]) -> None:
    """Refuse a part that would let more tasks run at once than may."""
    if offer.part is None or job.parallel >= job.size:
        return
    busy = sum(place < offer.part.start for place in find_living())
    if busy + len(offer.part) > job.parallel:
        raise SchedulerFullError(f"no more than {job.parallel} tasks may run at once")
