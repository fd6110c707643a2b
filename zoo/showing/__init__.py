"""What a person looks at: entities in the terminal and in HTML, training curves."""

from zoo.showing.curves import training_curve
from zoo.showing.entities import html, terminal, write_html

__all__ = ["html", "terminal", "training_curve", "write_html"]
