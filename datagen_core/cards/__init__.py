"""Cards: what is known of a parameter set, for people and for other programs."""
