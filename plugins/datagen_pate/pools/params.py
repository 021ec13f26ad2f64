"""Parameters of candidates, and of the teachers that label them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from datagen_core import InputFile, Params
from datagen_pate.files.artefacts import find_files


class PoolParams(Params):
    """A decoder, teachers, and the pool of candidates that the decoder draws."""

    decoder: InputFile
    """The public decoder: `decoder.pth`, or the folder of `datagen pate pretrain-decoder`."""

    teachers: InputFile
    """The teachers' weights: `weights.npy`, or the folder of `datagen pate train-teachers`."""

    prior: InputFile | None = None
    """The distribution of latents, fitted to public images: `latent_prior.npz`, taken from the
    decoder's folder when a folder is named. None: standard normal."""

    pool_size: Annotated[int, Field(ge=1)] = 20_000
    """The number of candidates."""

    block_size: Annotated[int, Field(ge=1, multiple_of=256)] = 512
    """Candidates per block; each block has a random stream of its own."""

    latent_mixing: Annotated[float, Field(ge=0, le=1)] = 0.3
    """The share of candidates whose latent mixes two others."""

    latent_noise: Annotated[float, Field(ge=0)] = 0.1
    """Standard deviation of noise on each latent, relative to the latent's own."""

    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16: half precision where the processor has it; one label in a thousand differs."""

    device: Literal["cpu", "auto", "cuda"] = "cpu"
    """Where networks compute. Another device may differ in the last digits, and in labels that
    depend on them."""

    @classmethod
    def prepare(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Take folders for the files in them."""
        return super().prepare(find_files(values, cls.model_fields))
