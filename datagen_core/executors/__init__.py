"""How tasks get processors: in this process, on this machine, on a Slurm cluster."""
