"""The invented people who write to the sample company, and how they type."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Literal, TypeAlias

Casing: TypeAlias = Literal["plain", "lower", "shout"]

_FIRST = {
    "en": """Ada Aidan Aisha Alan Amara Anneli Arjun Astrid Beth Bogdan Brendan Callum Carys Chidi Clare
        Dafydd Danuta Deborah Dmitri Eilidh Elif Emeka Erin Ewan Farah Fergus Fiona Freya Gareth Gosia
        Grace Gunnar Hamish Hannah Imogen Ines Iqra Ivar Jadwiga Jasper Joan Kasia Keiko Kevin Kirsty
        Lachlan Laila Liv Magnus Mairead Malik Marek Maud Mei Moira Nadia Neil Niamh Nils Olga Oscar
        Owen Paula Priya Rhona Rory Ruth Sanjay Saoirse Sigrid Simon Sunniva Tadhg Tamsin Tess Tomasz
        Una Vera Wanda Yusuf Zoe""",
    "de": """Anke Bernd Carsten Dörte Elke Falk Gesa Heike Ingo Jutta Katrin Lutz Maike Nils Petra Rolf Silke
        Uwe""",
    "fr": """Agnès Bastien Camille Damien Élodie Fabrice Gaëlle Hugo Jeanne Lucas Maëlle Noé Odile Rémi
        Sylvie""",
    "es": """Ainhoa Beatriz Carlos Dolores Elena Fermín Gonzalo Iker Juana Lucía Marta Nerea Pablo Rocío
        Unai""",
    "pt": """Alice Bruno Catarina Duarte Filipa Gonçalo Inês João Leonor Miguel Rita Tiago""",
}
_LAST = {
    "en": """Abbott Adeyemi Arnesen Baird Barlow Bielak Bright Byrne Chaudhry Corrigan Craik Dahl Dlamini
        Doyle Drummond Eide Farrell Finch Galloway Grady Haldane Hirst Holm Huang Iversen Jarvis Kaplan
        Keane Kerr Kowalczyk Lamont Lund Macrae Mistry Moffat Nakamura Nolan Novak Oduya Okafor Osgood
        Patel Pryce Quirk Rahman Rennie Sandvik Sato Seaton Shaw Sikora Skene Strand Tait Tierney Tran
        Tveit Vance Wallace Wick""",
    "de": """Ahrens Behrend Clasen Dittmer Evers Fock Gerdes Harms Jessen Krohn Lührs Matthies Oldach
        Petersen Timm""",
    "fr": """Aubry Besson Chabert Delmas Ferrand Gaillot Jourdan Lacaze Maurel Perrin Roussel Savary Tissier
        Vidal""",
    "es": """Aguirre Barrena Castaño Echeverría Fuentes Garrido Landa Montoya Olmedo Pascual Rueda Salcedo
        Zubiri""",
    "pt": """Almada Barros Carvalhal Esteves Figueira Lameira Moreira Nogueira Pinhal Queirós Seabra
        Valadas""",
}
_PHONES = (
    "iPhone 12",
    "iPhone 14",
    "iPhone SE",
    "Pixel 7",
    "Pixel 8a",
    "Galaxy S22",
    "Galaxy A54",
    "Fairphone 4",
)
_TAILS = (
    "",
    "",
    "",
    "_",
    "88",
    "01",
    "_77",
    "_travels",
    "_flies",
    "_irl",
    "92",
    "_up_north",
    "1974",
    "_writes",
)
_COMPANIES = (
    "Harnisch Engineering",
    "Lowtide Surveys",
    "Brae & Partners",
    "Kestrel Robotics",
    "Maris Seafood",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Person:
    """Someone who writes, with habits that stay the same wherever they write."""

    number: int  # from 1; ids in the channels are made of it
    first: str
    last: str
    handle: str
    lang: str
    casing: Casing
    typos: float  # the chance of a slip in a word of five letters or more
    is_bare: bool  # leaves the last full stop and apostrophes out
    phone: str
    account: str | None

    @property
    def display(self) -> str:
        """The full name, as a channel would show it."""
        return f"{self.first} {self.last}"

    @property
    def address(self) -> str:
        """An e-mail address in a domain that can't exist."""
        name = f"{self.first}.{self.last}".lower()
        plain = name.translate(str.maketrans("äöüéèêëçñáàãíóôõúï", "aoueeeecnaaaiooou" + "i"))
        return f"{plain}{self.number}@mail.example"


@dataclass(slots=True)
class Crowd:
    """Meets people: mostly new ones, now and then somebody known from this channel or another one."""

    rng: Random
    met: list[tuple[Person, str]] = field(default_factory=list)  # who wrote where, in order of the first time
    newcomers: int = 0
    handles: set[str] = field(default_factory=set)

    def writer(self, lang: str, source: str, *, is_new: bool = False) -> Person:
        """Return who writes the next text; about one in five has written before, unless they must be new."""
        is_back, is_here = happens(self.rng, 0.19), happens(self.rng, 0.63)
        known = [person for person, where in self.met if person.lang == lang and (where == source) == is_here]
        person = self.rng.choice(known) if is_back and known and not is_new else self.newcomer(lang)
        if (person, source) not in self.met:
            self.met.append((person, source))
        return person

    def newcomer(self, lang: str) -> Person:
        """Return somebody who has never written before."""
        self.newcomers += 1
        rng = self.rng
        first, last = rng.choice(_FIRST[lang].split()), rng.choice(_LAST[lang].split())
        return Person(
            number=1000 + self.newcomers,
            first=first,
            last=last,
            handle=self._free_handle(first, last),
            lang=lang,
            casing=rng.choices(("plain", "lower", "shout"), (81, 17, 2))[0],
            typos=rng.choices((0.0, 0.01, 0.05), (55, 33, 12))[0],
            is_bare=happens(rng, 0.2),
            phone=rng.choice(_PHONES),
            account=rng.choice(_COMPANIES) if happens(rng, 0.06) else None,
        )

    def _free_handle(self, first: str, last: str) -> str:
        handle = _handle(self.rng, first, last)
        free = handle if handle not in self.handles else f"{handle}{self.newcomers}"
        self.handles.add(free)
        return free


def happens(rng: Random, share: float) -> bool:
    """Say whether something happens this time that happens in a share of all cases, 0 to 1."""
    return rng.random() < share


def _handle(rng: Random, first: str, last: str) -> str:
    shapes = (
        f"{first}{last}",
        f"{first}_{last[0]}",
        f"{first[0]}{last}",
        f"{last}{first[:2]}",
        f"{first}.{last}",
    )
    return (rng.choice(shapes) + rng.choice(_TAILS)).lower()
