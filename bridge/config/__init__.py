"""Settings: one typed model, the origin of each value, secrets that don't print, the file to start with.

Import the modules below by name; this package imports none of them, so that ``--help`` stays quick.
"""
