"""What a person looks at: entities and deciding words in the terminal and in HTML, training curves."""

from zoo.showing.curves import training_curve
from zoo.showing.entities import html, terminal, write_html
from zoo.showing.weights import weighted_html, weighted_terminal, write_weighted_html

__all__ = [
    "html",
    "terminal",
    "training_curve",
    "weighted_html",
    "weighted_terminal",
    "write_html",
    "write_weighted_html",
]
