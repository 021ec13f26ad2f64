"""What this user trusts: one small document for each thing that may run, put-if-absent.

`$XDG_CONFIG_HOME/datagen/trusted/<kind>-<digest>.json`, or the same below `~/.config`, has mode
0600 and says for people what was approved, when and by which command. Whoever removes one is asked
again. A document counts only if this user owns it: root who has another user's configuration folder
has none of that user's approvals.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from datagen_core.files import user_configuration
from datagen_core.generators.identity import sha256_of
from datagen_core.store.documents import signature, write_document
from datagen_core.store.publishing import is_own, publish_own

TRUST_FORMAT = "1.0"

Kind = Literal["code", "surroundings", "address"]
"""What is approved: "code" that is run; its "surroundings", with shell commands, options of a
scheduler and folders of modules; the "address" of a server whose messages are code."""

Content = Mapping[str, object]
"""What exactly is approved, in plain JSON types; anything else is another thing."""

_LONGEST = 500


def is_approved(kind: Kind, content: Content) -> bool:
    """Whether this user has run or approved exactly this; takes one look at a file."""
    return is_own(approval_path(kind, content))


def approve(kind: Kind, content: Content) -> bool:
    """Keep that this user runs or approves something; nothing is written where that is known.

    Returns
    -------
    bool
        False if the configuration folder cannot be written, so that the user will be asked again.
    """
    path = approval_path(kind, content)
    if is_own(path):
        return True
    by, created = signature()
    command = shlex.join(sys.argv)[:_LONGEST]
    known = {"format": TRUST_FORMAT, "kind": kind, **content}
    try:
        path.unlink(missing_ok=True)  # of another user, or changed by one
        publish_own(path, write_document({**known, "by": by, "created": created, "how": command}))
    except OSError:
        return False
    return is_own(path)


def list_approved(kind: Kind) -> Iterator[Content]:
    """Yield what this user has approved of a kind, in no order."""
    for path in user_configuration("trusted").glob(f"{kind}-*.json"):
        with suppress(OSError, ValueError):
            content = json.loads(path.read_bytes())
            if is_own(path) and isinstance(content, dict):
                yield content


def approval_path(kind: Kind, content: Content) -> Path:
    """Return where an approval is kept."""
    digest = sha256_of([kind, dict(content)])
    return user_configuration("trusted") / f"{kind}-{digest[:32]}.json"
