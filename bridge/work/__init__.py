"""Steps that workers do, on as many machines as wanted, with one PostgreSQL between them.

What waits is worked on in waves (`waves`), each wave in phases (`phases`), a phase in parts. The parts of a
phase may be done in any order and by anybody; the next phase begins when all are done. Which parts there
are is fixed by keys when the phase begins, so the outcome doesn't depend on who does what, and when.

Jobs are procrastinate's (`queue`, `tasks`), which does each at least once; that each counts once is our
doing: a part is crossed off in the store, and a row moves on only from the stage that it was read at.
"""
