"""The process of a server or a client: `python -m datagen_federations.sessions.child`.

Standard input has one line of JSON, `{"role": …, "log": file, "request": …}`, where a role is
`server`, `client` or `check`, which checks whether a server could follow its plan; for a client
without an address, a second line has the address. When standard input ends, the parent is gone, and
this process ends too. Standard output gets one line of JSON per event; the last one is `done`, or
`error` with a message.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from datagen_core import DatagenError
from datagen_federations.roles.deadlines import end_in_time
from datagen_federations.roles.declearn_import import set_up_process
from datagen_federations.roles.requests import ClientRequest, Event, ServerRequest

_SET_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


def main() -> None:
    """Read a request, do it, and report."""
    _die_with_parent()
    order = json.loads(sys.stdin.readline())
    events = _keep_stdout()
    set_up_process(Path(order["log"]))

    def report(event: Event) -> None:
        events.write(json.dumps(event) + "\n")
        events.flush()

    code = 1
    try:
        _work(order["role"], order["request"], report)
        code = 0
    except DatagenError as error:
        report({"event": "error", "message": str(error), "blames": getattr(error, "blames", None)})
    except BaseException as error:  # the log gets the traceback, the parent one line
        logging.getLogger(__name__).exception("unexpected")
        message = f"{type(error).__name__}: {error}"
        report({"event": "error", "message": message, "blames": None})
    finally:
        logging.shutdown()
        os._exit(code)  # without waiting for hanging connections, or for torch


def _work(role: str, request: dict[str, Any], report: Any) -> None:
    def fail(message: str) -> None:
        report({"event": "error", "message": message, "blames": None})

    if role == "check":
        from datagen_federations.roles.serving import check_plan  # after the set-up of the process

        check_plan(ServerRequest(**request))
        report({"event": "done"})
        return
    if role == "server":
        from datagen_federations.roles.serving import serve  # after the set-up of the process

        _end_with_parent()
        server = ServerRequest(**request)
        with end_in_time(server, fail):
            serve(server, report)
        return
    from datagen_federations.roles.joining import join  # after the set-up of the process

    client = ClientRequest(**request)
    if client.uri is None:
        client = replace(client, uri=_read_address())
    _end_with_parent()
    with end_in_time(client, fail):
        join(client, report)


def _read_address() -> str:
    address = sys.stdin.readline().strip()
    if not address:  # the parent is gone, or has no server
        os._exit(1)
    return address


def _keep_stdout() -> TextIO:
    """Return standard output, for events; other prints go to standard error."""
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return kept


def _die_with_parent() -> None:
    """Ask Linux for SIGKILL when the parent ends, which ends even a stopped process."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL)


def _end_with_parent() -> None:
    threading.Thread(target=_wait_for_parent, daemon=True).start()


def _wait_for_parent() -> None:
    while os.read(sys.stdin.fileno(), 1024):  # not sys.stdin, whose lock would block the end
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
