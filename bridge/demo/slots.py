"""Fills {slots} of the hand-written sentences: cities, flights, dates; the same within one item."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from bridge.demo.people import Person, happens

CITIES = (
    "Aberdeen", "Bergen", "Bilbao", "Bologna", "Cork", "Gdansk",
    "Hamburg", "Leeds", "Lyon", "Malaga", "Porto", "Tallinn",
)  # fmt: skip
_REF_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def slots(rng: Random, person: Person, said_at: datetime) -> Mapping[str, str]:
    """Return a value for every slot, as one person would write them at that time."""
    city, city2 = rng.sample(CITIES, 2)
    days, weeks, ahead = rng.randrange(3, 12), rng.randrange(4, 19), rng.randrange(2, 20)
    is_numeric = happens(rng, 0.3) or person.lang != "en"
    return {
        "city": city,
        "city2": city2,
        "flight": rng.choice(("TRN{}", "TRN {}", "TRN{}")).format(rng.randrange(101, 989)),
        "date": _date(said_at - timedelta(days=days), is_numeric=is_numeric),
        "longago": _date(said_at - timedelta(weeks=weeks), is_numeric=is_numeric),
        "soon": _date(said_at + timedelta(days=ahead), is_numeric=is_numeric),
        "seat": f"{rng.randrange(1, 31)}{rng.choice('ABCDEF')}",
        "days": str(days),
        "weeks": str(weeks),
        "price": rng.choice(("€{}", "{} €", "£{}", "{} euros")).format(
            rng.choice((18, 25, 32, 39, 45, 52, 60, 78, 95, 124))
        ),
        "phone": person.phone,
        "ref": "".join(rng.choices(_REF_LETTERS, k=6)),
        "time": f"{rng.randrange(5, 23)}:{rng.choice(('05', '10', '20', '25', '35', '40', '55'))}",
        "n": str(rng.randrange(4, 15)),
        "num": str(rng.randrange(1000, 9999)),
        "first": person.first,
    }


def _date(day: datetime, *, is_numeric: bool) -> str:
    return f"{day.day}.{day.month}." if is_numeric else f"{day.day} {_MONTHS[day.month - 1]}"
