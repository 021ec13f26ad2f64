"""Disturbed runs on the test cluster: faults strike at random, then everything must still hold."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from datagen_core.executors.processes import find_process
from datagen_core.ranges import Interval, IntervalSet
from datagen_core.store.columns import ColumnReader
from fault_checks import Reference, published, violations
from patience import patience
from slurm_cluster import SlurmCluster, wait_until
from slurm_runs import (
    DATAGEN,
    environment,
    errors,
    files_of,
    generate,
    job_ids,
    made,
    plans_of,
    prepare,
    run,
    set_of,
    set_trouble,
    start,
    start_generate,
    status,
    stderr_of,
)

SAMPLES = 1000
_ASKED = ("-n", SAMPLES, "--njobs", 8, "--time", 5)
_PACE = "1.2"
_TELLS_WITHIN = 60.0
_MOST_RESUMES = 8
_MOST_SECONDS = 240.0


def undisturbed(folder: Path) -> Reference:
    """Make the samples without Slurm and faults, in a folder of their own."""
    generate(prepare(folder), "-n", SAMPLES, executor="inline")
    found = set_of(folder)
    reader = ColumnReader((found.paths.packs, found.paths.shards), found.schema)
    return Reference(reader.read([Interval(0, SAMPLES)]))


@dataclass
class Disturbance:
    """One run under faults: who drives it, what struck it, and what was found wrong."""

    cluster: SlurmCluster
    folder: Path
    rng: random.Random
    driver: subprocess.Popen[bytes] | None = None
    others: list[subprocess.Popen[bytes]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def submissions(self) -> int:
        """How often tasks were submitted."""
        return len(plans_of(self.folder))

    @property
    def tries(self) -> float:
        """How often a sample was given to a task, in the mean."""
        tasks = [task for plan in plans_of(self.folder) for task in plan["tasks"]]
        return sum(stop - start for task in tasks for start, stop in task) / SAMPLES


def kill_task(run: Disturbance) -> bool:
    """Kill the process of a task."""
    if not (pids := _processes(run.folder)):
        return False
    with suppress(ProcessLookupError):
        os.kill(run.rng.choice(pids), signal.SIGKILL)
    return True


def _processes(folder: Path) -> list[int]:
    journals = sorted(folder.glob("cache/noisy_sine/*/runs/0/[0-9]*.jsonl"))  # no submitters
    lines = [line for journal in journals for line in journal.read_text().splitlines()]
    starts = [event for event in map(_parse, lines) if event.get("event") == "start"]
    found = [find_process(event) for event in starts]
    return [process.pid for process in found if process is not None]


def _parse(line: str) -> dict:
    with suppress(ValueError):
        return json.loads(line)
    return {}


def scancel_task(run: Disturbance) -> bool:
    """Cancel a task, running or not, as an administrator does."""
    return _tell("scancel", run, "running,pending")


def requeue_task(run: Disturbance) -> bool:
    """Requeue a task; Slurm allows it for tasks that nobody waits for."""
    return _tell("scontrol requeue", run, "running")


def _tell(command: str, run: Disturbance, state: str) -> bool:
    jobs = job_ids(run.cluster, state)
    if jobs:
        run.cluster.run(*command.split(), run.rng.choice(jobs), check=False)
    return bool(jobs)


def kill_slurmd(run: Disturbance) -> bool:
    """Kill the daemon of a node; it comes back, sometimes after the node was given up."""
    node = run.rng.choice(run.cluster.nodes)
    run.cluster.kill_slurmd(node)
    time.sleep(run.rng.choice([1, 1, 2, 20]))
    run.cluster.start_slurmd(node)
    return True


def kill_slurmctld(run: Disturbance) -> bool:
    """Kill the controller, which forgets the last seconds; it comes back."""
    run.cluster.kill_slurmctld()
    time.sleep(run.rng.choice([0.5, 2, 5]))
    run.cluster.start_slurmctld()
    return True


def kill_submitter(run: Disturbance) -> bool:
    """Kill the process that waits for the run, if any; somebody resumes the run at once."""
    alive = run.driver is not None and run.driver.poll() is None
    if run.driver is not None and alive:
        run.driver.kill()
        run.driver.wait()
    run.driver = start(run.folder, "resume", "noisy_sine")
    return alive


def add_submitter(run: Disturbance) -> bool:
    """Let somebody else resume the run as well, while its submitter lives."""
    run.others.append(
        subprocess.Popen(
            [DATAGEN, "resume", "noisy_sine"],
            cwd=run.folder,
            env=environment(run.folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    )
    return True


def spoil_node(run: Disturbance) -> bool:
    """Let all that is made on a node fail from now on; there is one such node at most."""
    node = run.cluster.nodes[0]
    set_trouble(run.folder, node, "raise")
    return True


FAULTS = {
    "task killed": kill_task,
    "task scancelled": scancel_task,
    "task requeued": requeue_task,
    "slurmd killed": kill_slurmd,
    "slurmctld killed": kill_slurmctld,
    "submitter killed": kill_submitter,
    "another submitter": add_submitter,
    "node spoilt": spoil_node,
}


def disturb(
    cluster: SlurmCluster, folder: Path, reference: Reference, seed: int, faults: list[str]
) -> Disturbance:
    """Make samples while faults strike, resume until all is there, and check everything."""
    disturbed = Disturbance(cluster, prepare(folder, pace=_PACE), random.Random(seed))
    with _watched(disturbed, reference):
        _begin(disturbed, wait="task requeued" not in faults)
        for name in faults:
            time.sleep(disturbed.rng.uniform(0.5, 3))
            if FAULTS[name](disturbed):
                disturbed.faults.append(name)
        _complete(disturbed)
    for other in disturbed.others:
        _end_other(disturbed, other)
    cluster.cancel_all()
    set_trouble(folder, "pace")
    _check(disturbed, reference)
    return disturbed


def _begin(run: Disturbance, *, wait: bool) -> None:
    if wait:
        run.driver = start_generate(run.folder, *_ASKED)
    else:
        generate(run.folder, *_ASKED, "--no-wait")
    wait_until(lambda: bool(_processes(run.folder)), "the first task")


@contextmanager
def _watched(run: Disturbance, reference: Reference) -> Iterator[None]:
    """Read the cache again and again: nothing visible is torn, changes, or goes away."""
    over = threading.Event()

    def watch() -> None:
        seen, files = IntervalSet(), {}
        cache = run.folder / "cache"
        while not over.wait(0.2):
            run.wrong += violations(cache, reference)
            now = IntervalSet() if not any(cache.glob("*/numbers/*")) else made(run.folder)
            run.wrong += [f"samples {seen - now} were there and are gone"] if seen - now else []
            before, files = files, published(cache)
            run.wrong += [f"{name} changed" for name in before if files.get(name) != before[name]]
            seen |= now

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _complete(run: Disturbance) -> None:
    """Resume, as a user does, until all samples are there."""
    for _ in range(_MOST_RESUMES):
        if run.driver is not None:
            _outlast(run, run.driver)
        if len(made(run.folder)) == SAMPLES:
            return
        run.driver = start(run.folder, "resume", "noisy_sine")
    run.wrong.append(f"not complete after {_MOST_RESUMES} resumes: {stderr_of(run.folder)}")


def _outlast(run: Disturbance, driver: subprocess.Popen[bytes]) -> None:
    """Wait for a driver. What holds it up for a minute must be told, and is then mended."""
    begun = time.monotonic()
    while driver.poll() is None and time.monotonic() - begun < patience(_MOST_SECONDS):
        _hurry_requeued(run.cluster)
        with suppress(subprocess.TimeoutExpired):
            driver.wait(patience(_TELLS_WITHIN) if time.monotonic() - begun > 5 else 5)
            break
        if time.monotonic() - begun > patience(_TELLS_WITHIN):
            run.wrong += _silent(run)
            run.cluster.resume_nodes()
    if driver.poll() is None:
        run.wrong.append(f"waits for ever: {stderr_of(run.folder)}")
        driver.kill()
    _check_exit(run, driver.wait())


def _end_other(run: Disturbance, other: subprocess.Popen[bytes]) -> None:
    """Wait for somebody else who looks after the complete run."""
    try:
        other.wait(patience(_TELLS_WITHIN))
    except subprocess.TimeoutExpired:
        run.wrong.append("another submitter waits for ever")
        other.kill()
        other.wait()


def _hurry_requeued(cluster: SlurmCluster) -> None:
    """Spare a requeued task its two minutes."""
    waiting = cluster.run("squeue", "-h", "-r", "-t", "pending", "-o", "%i %r", check=False)
    for line in waiting.splitlines():
        job, reason = line.split(" ", 1)
        if reason == "BeginTime":
            cluster.run("scontrol", "update", f"jobid={job}", "starttime=now", check=False)


def _silent(run: Disturbance) -> list[str]:
    ranges = status(run.folder)["ranges"]
    silent = [each for each in ranges if not each["reason"]]
    return [f"stuck for a minute without a reason: {each}" for each in silent]


def _check_exit(run: Disturbance, code: int) -> None:
    said = stderr_of(run.folder)
    complete = len(made(run.folder)) == SAMPLES
    # 1: the controller was not back yet as `resume` began.
    if code not in {0, 1, 4} or (code == 0) != complete:
        run.wrong.append(f"exit {code} with {len(made(run.folder))} samples: {said}")
    if "Traceback" in said or (code and len(errors(said)) != 1):
        run.wrong.append(f"exit {code}, and not one line of error: {said}")


def _check(disturbed: Disturbance, reference: Reference) -> None:
    """Check what must hold when all is over."""
    try:
        _check_all(disturbed, reference)
    except AssertionError as error:  # a command that exits as it should not
        disturbed.wrong.append(str(error))


def _check_all(disturbed: Disturbance, reference: Reference) -> None:
    folder, wrong = disturbed.folder, disturbed.wrong
    run(folder, "resume")  # removes what killed processes left half written
    wrong += violations(folder / "cache", reference)
    if made(folder) != IntervalSet([(0, SAMPLES)]):
        wrong.append(f"there are the samples {made(folder)}")
    wrong += [f"litter: {path}" for path in folder.glob("cache/*/tmp/*.tmp")]
    before = files_of(folder)
    run(folder, "resume")
    if files_of(folder) != before:
        wrong.append("a second resume changed something")
    run(folder, "verify", "--resample", 20, "--generators", folder)
