"""What a person looks at: entities, deciding words, dialogues in the terminal and in HTML; curves, captions."""

from zoo.showing.caption_pages import ShownImage, captions_html, write_captions_html
from zoo.showing.captions import attention_sheet, caption_sheet
from zoo.showing.curves import training_curve
from zoo.showing.dialogues import AnsweredDialogue, dialogue_terminal, dialogues_html, write_dialogues_html
from zoo.showing.entities import html, terminal, write_html
from zoo.showing.unit_states import unit_states_html, write_unit_states_html
from zoo.showing.weights import weighted_html, weighted_terminal, write_weighted_html

__all__ = [
    "AnsweredDialogue",
    "ShownImage",
    "attention_sheet",
    "caption_sheet",
    "captions_html",
    "dialogue_terminal",
    "dialogues_html",
    "html",
    "terminal",
    "training_curve",
    "unit_states_html",
    "weighted_html",
    "weighted_terminal",
    "write_captions_html",
    "write_dialogues_html",
    "write_html",
    "write_unit_states_html",
    "write_weighted_html",
]
