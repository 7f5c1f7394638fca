"""The pipeline: named steps, each resumable and repeatable.

A step claims slices of what it has not done yet, in the one order of all items, works on a slice in memory,
and commits it in one transaction. Killed anywhere, the next run goes on where the last commit was.
"""
