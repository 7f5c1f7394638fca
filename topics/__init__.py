"""Text in, topics out: topics that keep their identity while feedback keeps coming.

This package knows no database, no network and no clock: texts, vectors and times come in as values.
"""
