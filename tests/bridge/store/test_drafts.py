from __future__ import annotations

from builders import NOW, Bench, gone, item
from sqlmodel import select

from bridge.models import Decision, DraftEdit
from bridge.store.drafts import GONE

SAID = "My suitcase was left in Porto, and nobody rings back!"
DRAFT = f"Bags are lost often.\n\n> {SAID.replace('!', chr(92) + '!')}\n\nAnna, mail"


def test_what_its_author_deleted_leaves_drafts_and_what_decisions_keep_of_them(bench: Bench):
    bench.take([item(SAID, "a"), item("The wifi is slow on every flight", "b")])
    with bench.database.writing() as session:
        session.add(DraftEdit(topic=1, description=DRAFT, who="ann", at=NOW))
        kept = {"title": None, "description": DRAFT, "type": None, "who": "ann", "at": NOW.isoformat()}
        session.add(
            Decision(
                at=NOW, who="ann", verb="edit", topic=1, before={"draft": {"1": kept, "2": None}}, after={}
            )
        )

    bench.take([gone("a")])

    with bench.database.reading() as session:
        draft = session.exec(select(DraftEdit)).one().description
        before = session.exec(select(Decision)).one().before["draft"]
    assert draft == f"Bags are lost often.\n\n{GONE}\n\nAnna, mail"
    assert "Porto" not in str(before)
    assert before["2"] is None
