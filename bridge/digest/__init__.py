"""The digest: what is new, growing, back, waiting and released, sent daily or weekly, once by each way."""
