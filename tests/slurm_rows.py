"""What Slurm's commands print, as the Slurm executor asks for it."""

from __future__ import annotations

_TITLES = ("NAME|ARRAY_TASK_ID|STATE|JOBID|ARRAY_JOB_ID", "START_TIME", "REASON")


def queue(*rows, start="N/A", reason="None"):
    """Return what squeue prints for rows such as "run-7|0|RUNNING|9|8"."""
    lines = [_TITLES, *((row, start, reason) for row in rows)]
    return "".join(f"[datagen|{'|'.join(line)}|datagen]\n" for line in lines)


def accounts(*rows, name="run-7.0"):
    """Return what sacct prints for rows such as "12_0|FAILED|1:0|n1"."""
    return "\n".join("|datagen|".join([name, *row.split("|")]) for row in rows)
