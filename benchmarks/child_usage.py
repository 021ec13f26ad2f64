"""Run a command, and print what it used: `python -m benchmarks.child_usage COMMAND…`.

A process of its own, which is small: Linux counts the memory of whoever starts a process as that
process's peak, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys


def main() -> None:
    """Print processor seconds and peak memory in bytes as JSON; end as the command does."""
    # Modules are compiled once, as on a user's machine, whatever the shell of this run asks for.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    process = subprocess.Popen(sys.argv[1:], stdout=sys.stderr, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    used = {"cpu": usage.ru_utime + usage.ru_stime, "peak": 1024 * usage.ru_maxrss}
    print(json.dumps(used))
    sys.exit(process.returncode)


if __name__ == "__main__":
    main()
