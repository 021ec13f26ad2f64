"""Files on disk: the only layer that knows names, formats and the publish protocol.

`layout` names everything, `publishing` makes files appear whole or not at all, `documents` are
JSON with a checksum, `ledger` holds the splits, `runs` the reservations, `shards` the HDF5 files,
`columns` reads fields across them, and `compaction` joins many shards into packs.
"""
