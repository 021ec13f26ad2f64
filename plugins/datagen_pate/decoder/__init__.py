"""The variational autoencoder of public images: its decoder draws the candidates."""

from datagen_pate.decoder.decoding import decode
from datagen_pate.decoder.files import load_decoder, save_decoder
from datagen_pate.decoder.modules import Autoencoder, Decoder, Encoder
from datagen_pate.decoder.params import PretrainParams
from datagen_pate.decoder.training import Training, pretrain

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
