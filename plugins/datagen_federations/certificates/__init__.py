"""Keys and certificates: names of hosts, signing, reading, files that appear as a whole set."""

from __future__ import annotations

from datagen_federations.errors import TrainingError


def require_cryptography() -> None:
    """Refuse to go on without the package that signs and reads certificates.

    Raises
    ------
    TrainingError
        When it is not installed.
    """
    try:
        import cryptography  # noqa: F401 (here, since it is an extra)
    except ModuleNotFoundError as error:
        message = "cryptography is not installed; run: pip install 'datagen[declearn]'"
        raise TrainingError(message) from error
