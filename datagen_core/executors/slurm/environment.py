"""The environment of Slurm's commands: what a shell has set must not overrule what datagen asks.

In sbatch, a variable beats the same option of a batch script, and other commands hide jobs or
change their columns by them. A process inside of a job has those of its own job besides. So by rule
no variable of Slurm reaches its commands but those that say which cluster is meant, and who asks.
What a user's shell adds to every job is put into the batch script instead.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

_PREFIXES = (
    "SBATCH_", "SLURM_", "SLURMD_", "SQUEUE_", "SCANCEL_", "SACCT_", "SCONTROL_", "SINFO_", "SRUN_",
    "SALLOC_",
)  # fmt: skip
_KEPT = {"SLURM_CONF", "SLURM_CONF_SERVER", "SLURM_CLUSTERS", "SLURM_JWT"}

_ADDING = {
    "SBATCH_ACCOUNT": "account", "SBATCH_CONSTRAINT": "constraint",
    "SBATCH_PARTITION": "partition", "SBATCH_QOS": "qos", "SBATCH_RESERVATION": "reservation",
    "SBATCH_WCKEY": "wckey",
}  # fmt: skip
"""What only adds to a job, by its option of sbatch: whose it is, and where it may run."""

_DEVICES = {
    "CUDA_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL", "ROCR_VISIBLE_DEVICES", "ZE_AFFINITY_MASK",
}  # fmt: skip
"""What Slurm sets for a job that has GPUs, which mean nothing to a job on another node."""


def command_environment() -> dict[str, str]:
    """Return the environment in which Slurm's commands run, and which jobs inherit."""
    inside = _DEVICES if "SLURM_JOB_ID" in os.environ else set()
    return {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or not (name.startswith(_PREFIXES) or name in inside)
    }


def added_options() -> Mapping[str, str]:
    """Return what the variables of this shell add to every job, by options of sbatch."""
    return {option: os.environ[name] for name, option in _ADDING.items() if os.environ.get(name)}


def describe_variables() -> list[str]:
    """Return in lines which variables of sbatch are set in this shell, and whether they count."""
    found = sorted(name for name in os.environ if name.startswith("SBATCH_"))
    used = ", ".join(name for name in found if name in _ADDING and os.environ[name])
    left = ", ".join(name for name in found if name not in _ADDING)
    lines = {"used unless asked otherwise": used, "not used": left}
    return [f"set in this shell, and {how}: {names}" for how, names in lines.items() if names]
