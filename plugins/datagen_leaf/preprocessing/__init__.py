"""LEAF's preprocessing of users: sampling, removing, splitting, and statistics."""
