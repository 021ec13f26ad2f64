"""Makes certificates in DIR/0, DIR/1, …, and is killed before its first, second, … look at a file.

`python certificate_kills.py DIR`; each folder holds a file of the user's. A process of its own,
because it forks. Prints how many were killed before one came to its end.
"""

import itertools
import os
import sys
from pathlib import Path

from datagen_federations.sessions.certificates import make_certificates

TOUCHES = {"open", "os.link", "os.remove", "os.mkdir"}


def make_and_die(folder: Path, touches: int) -> None:
    left = itertools.count(touches, -1)

    def watch(event, arguments):
        if event in TOUCHES and str(folder) in str(arguments[0]) and next(left) == 0:
            os._exit(9)

    sys.addaudithook(watch)
    make_certificates(folder, keep_ca_key=True)
    os._exit(0)


def main(top: Path) -> None:
    make_certificates(top / "first")  # imports are no touches
    for touches in itertools.count():
        folder = top / str(touches)
        folder.mkdir()
        (folder / "mine.txt").write_text("mine")
        child = os.fork()
        if child == 0:
            make_and_die(folder, touches)
        if os.waitpid(child, 0)[1] == 0:
            sys.stdout.write(f"{touches}\n")
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
