"""The code that made samples, by id: which functions and constants, and which packages.

All parameter sets of a generator share these documents; each plan names the code that it was made
for, and each shard the plan that made it.
"""

from __future__ import annotations

from datagen_core.generators.code import Code
from datagen_core.store.documents import publish_document, read_document
from datagen_core.store.layout import SetPaths

CODE_FORMAT = "1.1"
"""Format 1.0 where the generator declares no environment variables (`environment`)."""


def keep_code(paths: SetPaths, code: Code) -> None:
    """Keep what a parameter set is about to be made by, unless it is there already."""
    path = paths.code(code.id)
    if not path.exists():
        content = {
            "format": CODE_FORMAT if code.environment else "1.0",
            "fingerprint": code.fingerprint,
            "parts": dict(code.parts),
            "packages": dict(code.packages),
            **({"environment": dict(code.environment)} if code.environment else {}),
        }
        publish_document(path, content, paths.temporary)


def read_code(paths: SetPaths, code_id: str) -> Code:
    """Return the code that was kept under an id.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    content = read_document(paths.code(code_id), CODE_FORMAT)
    return Code(content["parts"], content["packages"], content.get("environment", {}))
