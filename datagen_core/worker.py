"""The address of the worker, which stays where it is whatever moves.

Processes of the local executor are started as `python -m datagen_core.worker`, and jobs that wait
in a queue while the code is updated refer to these functions by name.
"""

from datagen_core.scheduling.worker_process import main, run_job

__all__ = ["main", "run_job"]

if __name__ == "__main__":
    main()
