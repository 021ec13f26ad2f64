"""Reading what torch wrote; nothing in a file is executed."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from datagen_pate.errors import PateError
from datagen_pate.files.writing import writing


def is_torch_file(path: Path) -> bool:
    """Return whether `torch.save` wrote a file, in the form that it has had since version 1.6."""
    if not path.is_file() or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/data.pkl") for name in archive.namelist())


def read_tensors(path: Path, what: str, *, mapped: bool = False) -> Any:
    """Return what `torch.save` wrote, of tensors and plain containers.

    Parameters
    ----------
    path
        The file.
    what
        The name of its kind in messages, such as "a decoder".
    mapped
        Whether to leave the numbers in the file until they are used; files of torch before 1.6 are
        read at once.

    Raises
    ------
    PateError
        When the file cannot be read, or holds anything else.
    """
    import torch  # the commands' start must not pay for it

    is_zip = path.is_file() and zipfile.is_zipfile(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=mapped and is_zip)
    except OSError as error:
        reason = error.strerror or error
        raise PateError(f"{path} cannot be read ({reason}); name {what}") from error
    except Exception as error:  # damaged files, and pickles of others, can fail in any way
        raise PateError(f"{path} is not {what}: it is damaged, or not a file of tensors") from error


def save_tensors(content: Any, path: Path) -> None:
    """Write tensors in plain containers with `torch.save`; the same tensors give the same bytes.

    Raises
    ------
    PateError
        When the file cannot be written.
    """
    import torch  # the commands' start must not pay for it

    with writing(path) as file:  # given a path, torch would write its name into the file
        torch.save(content, file)


def read_tensor(path: Path) -> NDArray[Any]:
    """Return the tensor in a file, whatever its numbers, mapped from it.

    Raises
    ------
    PateError
        When the file cannot be read, or holds anything else.
    """
    import torch  # the commands' start must not pay for it

    tensor = read_tensors(path, "a file of a tensor", mapped=True)
    if not isinstance(tensor, torch.Tensor):
        raise PateError(f"{path} holds a {type(tensor).__name__}; save a tensor (n, 1, 28, 28)")
    array: NDArray[Any] = tensor.detach().numpy()
    return array
