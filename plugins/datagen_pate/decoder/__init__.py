"""The variational autoencoder of public images: its decoder draws the candidates."""
