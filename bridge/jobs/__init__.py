"""The daemon: what is due is asked of our own tables and done, one job after the other, for years."""
