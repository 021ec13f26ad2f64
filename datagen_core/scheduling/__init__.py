"""From a demand to shards: plan, run, status, and the worker that makes samples."""
