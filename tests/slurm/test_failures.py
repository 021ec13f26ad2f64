"""Tasks that fail on a real Slurm: others' samples are kept, one line tells, resume completes."""

from __future__ import annotations

import os
import re
import signal
from contextlib import contextmanager
from pathlib import Path

from datagen_core.ranges import IntervalSet
from slurm_cluster import wait_until
from slurm_runs import (
    end,
    errors,
    generate,
    job_ids,
    made,
    one_error,
    plans_of,
    prepare,
    reasons,
    run,
    same_bytes,
    set_trouble,
    start_generate,
    states,
    stderr_of,
    wait_for_trouble,
    wait_for_words,
)

ASKED = ("-n", 400, "--njobs", 4, "--time", 5)
"""Four tasks of two batches each."""


@contextmanager
def waiting_at(folder, *batches):
    """Give a run that waits for tasks which are held at some batches."""
    for batch in batches:
        set_trouble(folder, batch, "wait")
    process = start_generate(folder, *ASKED)
    try:
        wait_for_trouble(folder, *batches)
        yield process
    finally:
        process.kill()
        process.wait()


def log_in(line):
    """Return the text of the log that a line names."""
    return Path(line.partition("log: ")[2].partition(";")[0].partition(" (")[0]).read_text()


def workers(folder):
    """Return the process ids of the tasks that are at work."""
    starts = folder.glob("cache/noisy_sine/*/runs/0/*.jsonl")
    found = [journal.read_text() for journal in starts]
    return [int(text.split('"pid": ')[1].split(",")[0]) for text in found if '"end"' not in text]


def test_a_batch_that_fails_once_is_made_again(folder, reference):
    set_trouble(folder, 150, "raise_once")
    generate(folder, *ASKED)
    assert same_bytes(folder, reference, 400)
    assert [plan["tasks"] for plan in plans_of(folder)[1:]] == [[[[150, 200]]]]


def test_a_batch_that_fails_three_times_is_reported_and_the_others_are_kept(folder, reference):
    set_trouble(folder, 150, "raise")
    line = one_error(generate(folder, *ASKED, code=4))
    assert "samples 150-199 failed: ValueError: trouble at 150" in line
    assert "trouble at 150" in log_in(line)
    assert len(plans_of(folder)) == 3
    assert made(folder) == IntervalSet([(0, 150), (200, 400)])
    set_trouble(folder, 150)
    run(folder, "resume", "noisy_sine")
    assert same_bytes(folder, reference, 400)


def test_resume_asks_for_what_the_run_asked_for(folder, slurm, reference):
    set_trouble(folder, 0, "raise")
    asked = ["--time", 3, "--mem", "300M", "--partition", "urgent"]
    generate(folder, "-n", 50, *asked, code=4)  # nothing was timed
    set_trouble(folder, 0, "wait")
    run(folder, "resume", "--no-wait")
    wait_for_trouble(folder, 0)
    assert slurm.run("squeue", "-h", "-o", "%l %m %P") == "3:00 300M urgent"
    set_trouble(folder, 0)
    run(folder, "resume")
    assert same_bytes(folder, reference, 50)


def test_a_task_out_of_memory_says_so_and_more_memory_completes_it(folder, reference):
    set_trouble(folder, 150, "hoard 600")
    line = one_error(generate(folder, *ASKED, "--mem", "250M", code=4))
    assert "samples 100-199 lost: out of memory" in line or "samples 150-199 lost: out of" in line
    assert "memory limit" in log_in(line)
    told = run(folder, "logs", "noisy_sine", "--failed").stdout
    assert "out of memory" in told.partition("==> ")[0]
    assert "memory limit" in told.partition("/logs/")[2]
    run(folder, "resume", "noisy_sine", "--mem", "1G")
    assert same_bytes(folder, reference, 400)


def test_time_limits_cost_little_and_are_doubled(folder, slurm, tmp_path, reference):
    stuck = prepare(tmp_path / "stuck", at_50="sleep 200")
    generate(stuck, "-n", 100, "--time", 1, "--partition", "short", "--no-wait")
    wait_for_trouble(stuck, 50)
    # Its time is over at once; Slurm looks every 30 s.
    slurm.run("scontrol", "update", f"jobid={job_ids(slurm)[0]}", "endtime=now")
    for batch in (50, 100):
        set_trouble(folder, batch, "sleep 21")  # the second one would not end in time
    generate(folder, "-n", 150, "--time", 1)
    assert [plan["minutes"] for plan in plans_of(folder)] == [1, 2]
    assert same_bytes(folder, reference, 150)
    wait_until(lambda: "time limit" in reasons(stuck), "the time limit", 60)
    assert states(stuck) == {"lost"}
    set_trouble(stuck, 50)
    run(stuck, "resume")
    assert same_bytes(stuck, reference, 100)


def test_cancelled_tasks_publish_what_they_have_and_resume_goes_on(folder, reference):
    with waiting_at(folder, 50) as process:
        assert "cancelled 1 run" in run(folder, "cancel").stdout
        end(process, 4)
    assert "cancelled by" in "".join(errors(stderr_of(folder)))
    assert states(folder) == {"cancelled"}
    assert 0 in made(folder)
    told = run(folder, "status").stdout
    assert all(words in told for words in ("done ", "cancelled by", "logs/0-0.log"))
    set_trouble(folder, 50)
    run(folder, "resume")
    assert same_bytes(folder, reference, 400)


def test_a_task_that_was_scancelled_is_left_alone_until_resume(folder, slurm, reference):
    with waiting_at(folder, 150) as process:
        wait_until(lambda: len(job_ids(slurm)) == 1, "the other tasks")
        slurm.run("scancel", *job_ids(slurm))
        end(process, 4)
    assert "samples 150-199 cancelled: cancelled" in "".join(errors(stderr_of(folder)))
    set_trouble(folder, 150)
    run(folder, "resume")
    assert same_bytes(folder, reference, 400)


def test_a_task_that_was_killed_is_submitted_again(folder, reference):
    with waiting_at(folder, 150) as process:
        wait_until(lambda: len(workers(folder)) == 1, "the other tasks")
        set_trouble(folder, 150, "sleep 60")
        for pid in workers(folder):
            os.kill(pid, signal.SIGKILL)
        set_trouble(folder, 150)
        end(process)
    assert same_bytes(folder, reference, 400)


def test_a_batch_that_ends_its_process_costs_itself(folder):
    set_trouble(folder, 50, "crash SIGSEGV")
    line = one_error(generate(folder, "-n", 200, "--njobs", 1, "--time", 5, code=4))
    assert re.search("samples 50-99 failed: died: SIGSEGV; (all on n[1-4]; )?log: ", line)
    assert "Fatal Python error: Segmentation fault" in log_in(line)
    assert made(folder) == IntervalSet([(0, 50), (100, 200)])
    set_trouble(folder, 50)
    run(folder, "resume", "noisy_sine")
    assert made(folder) == IntervalSet([(0, 200)])


def test_tasks_of_a_lost_node_are_submitted_again(folder, slurm, reference):
    with waiting_at(folder, 150) as process:
        wait_until(lambda: len(job_ids(slurm)) == 1, "the other tasks")
        node = slurm.run("squeue", "-h", "-t", "running", "-o", "%N")
        slurm.fail_node(node)
        set_trouble(folder, 150)
        end(process)
        slurm.resume_nodes()
    assert same_bytes(folder, reference, 400)


def test_a_run_without_any_node_says_why_it_waits(folder, slurm, reference):
    for node in slurm.nodes:
        slurm.run("scontrol", "update", f"nodename={node}", "state=drain", "reason=test")
    process = start_generate(folder, *ASKED)
    try:
        wait_for_words(folder, "no node available", 60)
        assert "no node available" in reasons(folder)
    finally:
        slurm.resume_nodes()
    end(process)
    assert same_bytes(folder, reference, 400)


def test_a_controller_that_is_down_is_waited_for(folder, slurm, reference):
    with waiting_at(folder, 150) as process:
        wait_until(lambda: len(job_ids(slurm)) == 1, "the other tasks")
        slurm.stop_slurmctld()
        try:
            set_trouble(folder, 150, "raise_once")
            wait_for_words(folder, "trying again", 60)
        finally:
            slurm.start_slurmctld()
        end(process)
    assert same_bytes(folder, reference, 400)


def test_without_a_controller_nothing_begins(folder, slurm):
    slurm.stop_slurmctld()
    try:
        line = one_error(generate(folder, *ASKED, "--no-wait", code=1))
        assert "the Slurm controller does not answer" in line
    finally:
        slurm.start_slurmctld()
    slurm.check_health()
    assert not (folder / "cache").exists()


def test_a_requeued_task_is_waited_for_and_not_started_twice(folder, slurm, reference):
    set_trouble(folder, 50, "wait")
    generate(folder, "-n", 200, "--njobs", 2, "--time", 5, "--no-wait")
    wait_for_trouble(folder, 50)
    (job,) = wait_for_jobs(slurm, 1)
    slurm.run("scontrol", "requeue", job)
    wait_until(lambda: "start time" in reasons(folder), "the reason")
    assert states(folder) == {"queued"}
    set_trouble(folder, 50)
    slurm.run("scontrol", "update", f"jobid={job}", "starttime=now")
    run(folder, "resume")
    assert len(plans_of(folder)) == 1
    assert same_bytes(folder, reference, 200)


def wait_for_jobs(cluster, count):
    wait_until(lambda: len(job_ids(cluster)) == count, f"{count} running tasks")
    return job_ids(cluster)
