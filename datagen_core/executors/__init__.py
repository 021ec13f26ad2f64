"""How tasks get processors: here, on this machine, on a Slurm cluster, from a dask scheduler."""
