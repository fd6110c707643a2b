"""What the speakers of the embedded dialogues say.

A `Scene` is one errand. Its two `Matter`s are what may be asked about again at the end; each has eight values, single
words that no other phrase holds, so that it can be seen which one a reply names. `<1>` and `<2>` stand for the values
of the first and the second matter, `<name>`, `<time>`, ... for one of `DETAILS`, about which nobody asks again.
"""

from __future__ import annotations

from typing import NamedTuple


class Matter(NamedTuple):
    """Something that a person says once and is asked about later.

    Attributes:
        values: What it may be.
        said: How the person says it when it was not said at once; `<1>` or `<2>` stands for the value.
        heard: How the other one takes note of it; likewise.
        asked: How it is asked about at the end, by whoever forgot it: names no value.
        answered: How that is answered; likewise with the value.
    """

    values: tuple[str, ...]
    said: tuple[str, ...]
    heard: tuple[str, ...]
    asked: tuple[str, ...]
    answered: tuple[str, ...]


class Scene(NamedTuple):
    """One errand.

    Attributes:
        opened: How it begins, with the first matter alone.
        opened_with_both: How it begins, with both.
        wanted: How the other one asks for the second matter.
        matters: The two.
        details: What else is talked about: questions, and a matching answer of each.
    """

    opened: tuple[str, ...]
    opened_with_both: tuple[str, ...]
    wanted: tuple[str, ...]
    matters: tuple[Matter, Matter]
    details: tuple[tuple[str, str], ...]


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


DETAILS = {
    "<name>": ("Anna", "Peter", "Maria", "Tom", "Ida", "Paul", "Clara", "Felix", "Nora", "Simon", "Vera", "Hugo"),
    "<day>": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "<time>": ("six", "seven", "eight", "nine", "ten", "half past six", "half past seven", "a quarter to nine"),
    "<number>": ("one", "two", "three", "four", "five", "twelve"),
    "<street>": ("Mill Lane", "Station Road", "Castle Street", "Park Avenue", "Church Road", "Bridge Street"),
    "<pay>": ("card", "cheque", "bank transfer"),
    "<class>": ("First", "Second"),
    "<size>": ("large", "small", "medium"),
}

SMALL_TALK = (
    ("One moment, please.", "Take your time."),
    ("It is a busy day today.", "I can imagine."),
    ("The computer is slow this morning.", "That happens to all of us."),
    ("Sorry, the telephone rang.", "No problem at all."),
    ("Have you been here before?", "Yes, a few times."),
    ("Did you find us easily?", "Yes, thank you."),
    ("Let me write that down.", "Please do."),
)

# The one who serves forgot, and asks the guest; or the guest asks to be told.
FORGOT = ("Sorry, I forgot.", "Just to be sure.", "Let me check.", "One last thing.", "Excuse me.", "I lost my note.")
ASKING = ("Could you help me?", "May I ask something?", "I have a question.", "Before I forget.")
NOTED = ("Very well.", "I see.", "All right.", "I will note that.")

CLOSED = (
    ("Thank you, goodbye.", "Goodbye."),
    ("Thanks, that is all.", "See you soon."),
    ("Very good, all is settled.", "Thank you very much."),
    ("Perfect.", "Great, thanks."),
)

SCENES = (
    Scene(  # a journey by train
        _lines("""
            I need a ticket to <1>.
            I would like to go to <1> by train.
            Is there a train to <1>?
            Hello, a ticket to <1>, please.
            Good morning, I want to travel to <1>.
        """),
        _lines("""
            I need a ticket to <1>, and I am taking a <2> with me.
            Can I take a <2> on the train to <1>?
            I would like to go to <1> with a <2>.
            Hello, I have a <2> here, and I want to travel to <1>.
        """),
        _lines("""
            Do you have large luggage?
            Are you taking anything with you?
            Will you carry something?
        """),
        (
            Matter(
                ("Vienna", "Paris", "Rome", "Madrid", "Oslo", "Berlin", "Prague", "Dublin"),
                (),
                ("To <1>, very well.", "A ticket to <1>, of course.", "<1>, with pleasure."),
                ("And where to, again?", "Which city was it?", "What is the destination?", "Where does it go to?"),
                ("To <1>.", "<1>, please.", "It was <1>.", "The city is <1>.", "To <1>, as agreed."),
            ),
            Matter(
                ("bicycle", "dog", "cello", "pram", "kayak", "sledge", "parrot", "harp"),
                ("Yes, a <2>.", "I am taking a <2>.", "Only a <2>.", "There is a <2> too."),
                ("A <2>, fine.", "A <2> is no trouble."),
                ("And what was the luggage?", "What comes along, again?", "What must be carried?"),
                ("A <2>.", "It was a <2>.", "The <2>, as agreed.", "One <2>, please."),
            ),
        ),
        (
            ("On which day?", "On <day>."),
            ("When do you want to leave?", "At <time>."),
            ("For how many people?", "For <number>."),
            ("How will you pay?", "By <pay>, please."),
            ("First or second class?", "<class> class."),
        ),
    ),
    Scene(  # a table in a restaurant
        _lines("""
            I would like to book a table for a <1>.
            Hello, we are planning a <1>. Is there a table free?
            Could we have our <1> at your place?
            Good evening, I need a table. It is for a <1>.
        """),
        _lines("""
            I would like to book a table for a <1>, near the <2>.
            We are planning a <1>. Could we sit near the <2>?
            Is the table near the <2> free? It is for a <1>.
        """),
        _lines("""
            Where would you like to sit?
            Which table would you like?
            Do you have a favourite table?
        """),
        (
            Matter(
                ("birthday", "wedding", "anniversary", "reunion", "graduation", "engagement", "retirement",
                 "promotion"),
                (),
                ("A <1>, how nice.", "We like a good <1>."),
                ("And what was the occasion?", "What is it for, again?", "What are the guests coming for?"),
                ("A <1>.", "It is for a <1>.", "The <1>.", "For the <1>, as agreed."),
            ),
            Matter(
                ("terrace", "garden", "window", "balcony", "bar", "fireplace", "kitchen", "piano"),
                ("Near the <2>.", "We like to sit near the <2>.", "The one near the <2>, please."),
                ("Near the <2>, certainly.", "The table near the <2> is free."),
                ("And which table was it?", "Where is the table, again?", "Near what will the guests sit?"),
                ("Near the <2>.", "The one near the <2>.", "It was near the <2>."),
            ),
        ),
        (
            ("For how many people?", "For <number>."),
            ("At what time?", "At <time>."),
            ("On which day?", "On <day>."),
            ("In what name, please?", "My name is <name>."),
            ("Do you need a chair for a child?", "Yes, <number>."),
        ),
    ),
    Scene(  # a pizza that is brought
        _lines("""
            I would like to order a pizza with <1>.
            Hello, one <1> pizza, please.
            Do you have pizza with <1>?
            Can you bring me a pizza with <1>?
        """),
        _lines("""
            I would like a pizza with <1> and a bottle of <2>.
            Hello, one <1> pizza and some <2>, please.
            Can you bring me some <2> and a pizza with <1>?
        """),
        _lines("""
            Anything to drink?
            What would you like to drink?
            And a drink?
        """),
        (
            Matter(
                ("mushroom", "salami", "tuna", "spinach", "pineapple", "onion", "olive", "artichoke"),
                (),
                ("A <1> pizza, good choice.", "With <1>, no problem."),
                ("And which pizza was it?", "What is on the pizza, again?", "Could you repeat the pizza?"),
                ("With <1>.", "A <1> pizza.", "It was the one with <1>.", "Pizza with <1>, please."),
            ),
            Matter(
                ("lemonade", "cola", "water", "beer", "wine", "juice", "tea", "coffee"),
                ("Some <2>, please.", "I will have <2>.", "A bottle of <2> would be nice."),
                ("With <2>, all right.", "We have cold <2>."),
                ("And the drink?", "What was there to drink?", "Could you repeat the drink?"),
                ("A bottle of <2>.", "It was <2>.", "Some <2>.", "The <2>, please."),
            ),
        ),
        (
            ("Large or small?", "<size>, please."),
            ("What is the address?", "It is <street>."),
            ("How many?", "Make it <number>."),
            ("How will you pay?", "By <pay>, please."),
            ("In what name, please?", "<name>."),
        ),
    ),
    Scene(  # a book from the library
        _lines("""
            I am looking for a book about <1>.
            Do you have anything about <1>?
            I would like to borrow a book on <1>.
            Hello, where are the books about <1>?
        """),
        _lines("""
            I am looking for a book about <1>, written in <2>.
            Do you have anything about <1> in <2>?
            I read <2>, and I would like to borrow a book on <1>.
        """),
        _lines("""
            In which language?
            Which language do you read?
            What language should it be in?
        """),
        (
            Matter(
                ("astronomy", "cooking", "gardening", "chess", "history", "painting", "sailing", "poetry"),
                (),
                ("About <1>, let us see.", "We have a shelf on <1>."),
                ("And what was the subject?", "What is the book about, again?", "Could you repeat the subject?"),
                ("About <1>.", "It was <1>.", "The subject is <1>.", "A book on <1>."),
            ),
            Matter(
                ("English", "French", "German", "Spanish", "Italian", "Russian", "Swedish", "Greek"),
                ("In <2>.", "I read <2>.", "<2> would be best."),
                ("In <2>, I see.", "Yes, we have some in <2>."),
                ("And which language was it?", "What language, again?", "Could you repeat the language?"),
                ("In <2>.", "It was <2>.", "<2>, please.", "The language is <2>."),
            ),
        ),
        (
            ("For how many weeks?", "For <number>."),
            ("Do you have a card with us?", "Yes, in the name of <name>."),
            ("When will you come for it?", "On <day>."),
            ("Is it for a child?", "No, it is for <name>."),
            ("May it be a large volume?", "A <size> one, please."),
        ),
    ),
)  # fmt: skip
