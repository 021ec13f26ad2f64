"""The variational autoencoder of public images: its decoder draws the candidates."""

from datagen_pate.autoencoder.decoding import decode
from datagen_pate.autoencoder.files import load_decoder, save_decoder
from datagen_pate.autoencoder.modules import Autoencoder, Decoder, Encoder
from datagen_pate.autoencoder.params import PretrainParams
from datagen_pate.autoencoder.training import Training, pretrain

__all__ = [
    "Autoencoder",
    "Decoder",
    "Encoder",
    "PretrainParams",
    "Training",
    "decode",
    "load_decoder",
    "pretrain",
    "save_decoder",
]
