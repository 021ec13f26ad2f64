"""Selection: which labelled candidates of one teacher are kept. Imports torch only to steer."""
