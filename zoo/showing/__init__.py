"""What a person looks at: entities and deciding words in the terminal and in HTML, training curves, captions."""

from zoo.showing.captions import attention_sheet, caption_sheet
from zoo.showing.curves import training_curve
from zoo.showing.entities import html, terminal, write_html
from zoo.showing.unit_states import unit_states_html, write_unit_states_html
from zoo.showing.weights import weighted_html, weighted_terminal, write_weighted_html

__all__ = [
    "attention_sheet",
    "caption_sheet",
    "html",
    "terminal",
    "training_curve",
    "unit_states_html",
    "weighted_html",
    "weighted_terminal",
    "write_html",
    "write_unit_states_html",
    "write_weighted_html",
]
