"""Where jobs that datagen 0.1.0 queued find the Slurm executor: their pickles name this module."""

import sys

from datagen_core.executors.slurm import executor as slurm

sys.modules[f"{__name__}.slurm"] = slurm
