"""The names of the embedded sample: where they come from, and how entities are made of them.

Every list is dealt out to the three splits (six, two and two of ten), and every invented word belongs to the split that
made it first; so the test split's names were never seen in training.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

from zoo.datasets import ner_sample_lexicon as lexicon

SPLITS = ("train", "validation", "test")

_TYPES = {
    "PER": ("PER", "FULL", "FIRST", "LAST"),
    "LOC": ("LOC", "CITY", "COUNTRY", "PLACE"),
    "ORG": ("ORG", "COMPANY", "TEAM", "SCHOOL", "BODY", "PAPER"),
    "MISC": ("NAT", "BORN", "EVENT", "HISTORY", "WORK", "PRODUCT"),
}
TYPE_OF_SLOT = {slot: kind for kind, slots in _TYPES.items() for slot in slots}

EntityWords = list[str]
Item = TypeVar("Item")


def pick(rng: Random, items: Sequence[Item]) -> Item:
    """One item; only `random()` is used, the one method whose numbers are the same in every version of Python."""
    return items[int(rng.random() * len(items))]


class Names:
    """Makes the entities of one split."""

    def __init__(self, split: str, rng: Random, taken: set[str]) -> None:
        """Deals out the lists and invents words.

        Args:
            split: One of `SPLITS`.
            rng: Where all chance comes from.
            taken: Lower-cased words of earlier splits' names, to be avoided; those of this split are added.
        """
        self._rng, self._taken, self._new = rng, taken, set()
        self._split = split
        many = 3 if split == "train" else 1
        self._people = []
        for firsts, lasts, endings in lexicon.PEOPLE:
            first_pool = self._deal(firsts.split()) * 2 + [self._invent() for _ in range(8 * many)]
            last_pool = self._deal(lasts.split()) * 2 + [self._invent(endings.split()) for _ in range(30 * many)]
            self._people.append((first_pool, last_pool))
        self._cities = self._deal(lexicon.CITIES.split()) * 2
        self._cities += [self._invent(lexicon.CITY_ENDINGS.split()) for _ in range(50 * many)]
        self._countries = [tuple(pair.split(":")) for pair in self._deal(lexicon.COUNTRIES.split())] * 3
        self._countries += [self._invent_country() for _ in range(10 * many)]
        self._brands = [self._invent(lexicon.BRAND_ENDINGS.split()) for _ in range(80 * many)]
        self._fields = self._deal(lexicon.FIELDS.split(","))
        self._adjectives = self._deal(lexicon.TITLE_ADJECTIVES.split(","))
        self._nouns = self._deal(lexicon.TITLE_NOUNS.split(","))
        taken |= self._new

    def draw(self, slot: str) -> tuple[str, EntityWords]:
        """Makes the type and the words of an entity, from a slot of the patterns such as `"CITY"`."""
        return TYPE_OF_SLOT[slot], getattr(self, f"_{slot.lower()}")()

    def _pick(self, items: Sequence[Item]) -> Item:
        return pick(self._rng, items)

    def _deal(self, items: list[str]) -> list[str]:
        """This split's share of a list: six, two and two of ten, interleaved."""
        share = {"train": (0, 1, 2, 5, 6, 7), "validation": (3, 8), "test": (4, 9)}[self._split]
        dealt = []
        for index, item in enumerate(items):
            words = set(item.lower().replace(":", " ").split())
            if index % 10 in share and not words & self._taken:
                dealt.append(item)
                self._new |= words
        return dealt

    def _invent(self, endings: Sequence[str] = ("a", "o", "en", "is", "el", "a", "i")) -> str:
        """A word of one or two syllables and an ending that no earlier split has."""
        while True:
            syllables = 1 + (self._rng.random() < 0.25)
            stem = "".join(
                self._pick(lexicon.ONSETS.split()) + self._pick(lexicon.VOWELS.split()) for _ in range(syllables)
            ) + self._pick(lexicon.CODAS.split())
            word = (stem + self._pick(endings)).capitalize()
            if word.lower() not in self._taken and len(word) > 3:
                self._new.add(word.lower())
                return word

    def _invent_country(self) -> tuple[str, str]:
        stem = self._invent(("",))
        land, adjective = self._pick((("ia", "ian"), ("stan", "i"), ("land", "ish"), ("ova", "ovan"), ("ana", "anese")))
        self._new |= {(stem + land).lower(), (stem + adjective).lower()}
        return stem + land, stem + adjective

    def _full(self) -> EntityWords:
        firsts, lasts = self._pick(self._people)
        first, last, chance = self._pick(firsts), self._pick(lasts), self._rng.random()
        if chance < 0.72:
            return [first, last]
        if chance < 0.78:
            return [self._pick(lexicon.LETTERS), ".", last]
        if chance < 0.84:
            return [first, self._pick(lexicon.LETTERS), ".", last]
        if chance < 0.88:
            return [f"{first}-{self._pick(firsts)}", last]
        if chance < 0.93:
            return [first, f"{last}-{self._pick(lasts)}"]
        if chance < 0.97:
            return [first, self._pick(("de", "van", "von", "al", "da")), last]
        return [first, last, self._pick(("Jr", "II", "III"))]

    def _first(self) -> EntityWords:
        return [self._pick(self._pick(self._people)[0])]

    def _last(self) -> EntityWords:
        return [self._pick(self._pick(self._people)[1])]

    def _per(self) -> EntityWords:
        return self._pick((self._full, self._full, self._full, self._last, self._first))()

    def _city(self) -> EntityWords:
        city, chance = self._pick(self._cities), self._rng.random()
        if chance < 0.86:
            return [city]
        return [self._pick(("New", "Port", "San", "East", "Fort", "Upper", "Old", "Santa")), city]

    def _country(self) -> EntityWords:
        country, chance = self._pick(self._countries)[0], self._rng.random()
        return [country] if chance < 0.9 else [self._pick(("North", "South", "West", "Northern")), country]

    def _place(self) -> EntityWords:
        # Places are named after people as well as after towns.
        word = self._pick(self._pick((self._cities, self._pick(self._people)[1])))
        form = self._pick(lexicon.PLACE_FORMS.split(","))
        return form.replace("_", word).split()

    def _loc(self) -> EntityWords:
        return self._pick((self._city, self._city, self._country, self._country, self._place))()

    def _company(self) -> EntityWords:
        brand, chance = self._pick(self._brands), self._rng.random()
        if chance < 0.3:
            return [brand]
        if chance < 0.55:
            return [brand, *self._pick(lexicon.COMPANY_ENDINGS.split(",")).split()]
        if chance < 0.65:
            return [*self._last(), "&", self._pick((*self._last(), "Sons", "Daughters"))]
        if chance < 0.78:
            return [self._pick((*self._city(), brand)), self._pick(lexicon.SECTORS.split(","))]
        if chance < 0.84:
            return [*self._pick(("Bank of", "Port of", "First Bank of")).split(), *self._city()]
        if chance < 0.92:
            return ["".join(self._pick(lexicon.LETTERS) for _ in range(3))]
        return [brand + self._pick(("Works", "Net", "Bio", "Air", "Pay"))]

    def _team(self) -> EntityWords:
        city, chance = self._city(), self._rng.random()
        if chance < 0.6:
            return [*city, self._pick(lexicon.CLUBS.split(","))]
        if chance < 0.7:
            return [self._pick(("FC", "Real", "Dynamo", "Sporting", "AC")), *city]
        # In a table of results a town stands for its team.
        return city

    def _school(self) -> EntityWords:
        city, form = self._city(), self._rng.random()
        if form < 0.4:
            return ["University", "of", *city]
        if form < 0.65:
            return [*city, "University"]
        return self._pick(
            (
                [*self._last(), "College"],
                [*city, "Institute", "of", "Technology"],
                [*city, "High", "School"],
                [*city, "Academy", "of", "Music"],
            )
        )

    def _body(self) -> EntityWords:
        field = self._pick(self._fields).split()
        country, adjective = self._pick(self._countries)
        return self._pick(
            (
                ["Ministry", "of", *field],
                ["Department", "of", *field],
                ["National", *field, "Agency"],
                ["World", *field, "Organisation"],
                [adjective, "Council", "for", *field],
                [*self._city(), "City", "Council"],
                [adjective, "Red", "Cross"],
                [self._pick(("Liberal", "Workers", "Green", "Unity")), "Party", "of", country],
                ["".join(self._pick(lexicon.LETTERS) for _ in range(4))],
            )
        )

    def _paper(self) -> EntityWords:
        return [*self._city(), self._pick(lexicon.PAPERS.split(","))]

    def _org(self) -> EntityWords:
        return self._pick((self._company, self._company, self._school, self._body, self._body, self._paper))()

    def _nat(self) -> EntityWords:
        return [self._pick(self._countries)[1]]

    def _born(self) -> EntityWords:
        return [f"{self._pick(self._countries)[1]}-born"] if self._rng.random() < 0.5 else [f"{self._city()[-1]}-based"]

    def _event(self) -> EntityWords:
        city, (country, adjective) = self._city(), self._pick(self._countries)
        return self._pick(
            (
                [*city, "Open"],
                [*city, "Marathon"],
                [*city, "Film", "Festival"],
                [adjective, "Grand", "Prix"],
                [country, "Cup"],
                [*self._last(), "Prize"],
            )
        )

    def _history(self) -> EntityWords:
        return self._pick(
            (
                ["Battle", "of", *self._city()],
                ["Treaty", "of", *self._city()],
                [*self._nat(), *self._pick(("Revolution", "Civil War", "Reformation", "Truce")).split()],
            )
        )

    def _work(self) -> EntityWords:
        adjective, noun, other = self._pick(self._adjectives), self._pick(self._nouns), self._pick(self._nouns)
        return self._pick(
            (
                ["The", adjective, noun],
                [adjective, noun],
                ["The", noun, "of", *self._city()],
                [noun, "and", other],
                ["A", noun, "for", *self._first()],
                ["The", noun, "'s", other],
            )
        )

    def _product(self) -> EntityWords:
        brand, number = self._pick(self._brands), str(1 + int(self._rng.random() * 12))
        return [
            brand,
            self._pick((number, f"X{number}", f"{self._pick(lexicon.LETTERS)}{number}0", "Pro", "Mini", "One")),
        ]
