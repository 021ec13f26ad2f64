"""Documents that somebody changed who knows how their checksums are made."""

from __future__ import annotations

import json

from datagen_core.generators.identity import sha256_of


def change(path, **values):
    """Replace values of a published document, which has a valid checksum again."""
    content = json.loads(path.read_text()) | values
    del content["checksum"]
    path.write_text(json.dumps({**content, "checksum": sha256_of(content)}))
