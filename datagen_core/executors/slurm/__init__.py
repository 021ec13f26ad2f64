"""The Slurm executor: submission, what the queue says, why a task ended."""
