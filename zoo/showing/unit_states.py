"""What a unit of a recurrent layer does while a text is read: the text coloured by its value, on a page of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template
from typing import Protocol

import numpy as np

from zoo.showing.page import PAGE, escape, filled, write
from zoo.showing.text_features import Finding, findings, is_characters, most_telling

_SHOWN = 16  # units, where the caller names none


class UnitStates(Protocol):
    """What is shown: any object with these attributes.

    Attributes:
        tokens: The tokens of the text, characters or words `[time]`.
        values: The value of each unit after each token, between -1 and 1, float `[time, units]`.
        layer: Which layer, from 0, the lowest.
    """

    tokens: Sequence[str]
    values: np.ndarray
    layer: int


def unit_states_html(
    states: UnitStates, *, units: Sequence[int] | None = None, title: str = "What a unit does", note: str = ""
) -> str:
    """Makes a page on which a text is coloured by the value of a unit, blue below 0 and red above.

    The reader chooses the unit. Beside it stands what it follows, where its value correlates with something that one
    can see in the text: the distance from the line's start, being inside quotation marks, capitals (Karpathy, Johnson &
    Fei-Fei 2015, "Visualizing and understanding recurrent networks", section 4.2). The page needs nothing but itself,
    no script either, and follows the reader's light or dark setting. A text of some thousand tokens is what a browser
    shows without delay.

    Args:
        states: What was read, and what the units held; see `UnitStates`.
        units: The units to choose from, in this order; by default sixteen that tell most about this text.
        title: Heading of the page.
        note: A line below the heading.

    Returns:
        The HTML document.

    Raises:
        ValueError: There is no token, the values are not one finite number a token and unit, or a unit is not there.
    """
    tokens, values = list(states.tokens), _checked(states)
    if units is None:
        found = most_telling(tokens, values, _SHOWN)
    else:
        found = findings(tokens, values, _checked_units(units, values.shape[1]))
    shown = np.rint(100 * np.clip(values[:, [finding.unit for finding in found]], -1.0, 1.0)).astype(int)
    kind = "characters" if is_characters(tokens) else "words"
    return filled(
        template=_PAGE,
        title=title,
        note=note,
        style=_STYLE + "".join(map(_rule, range(len(found)))),
        facts={kind: len(tokens), "layer": states.layer + 1, "its units": values.shape[1]},
        legend_of="The colour of each value",
        legend="".join(f"<li><span class='value' style='--v:{v}'>{_minus(f'{v / 100:g}')}</span></li>" for v in _SCALE),
        hint=_HINT,
        items=f"<li class='states'>{_chooser(found)}<p dir='auto'>{_text(tokens, shown, kind)}</p></li>",
    )


def write_unit_states_html(
    path: str | Path,
    states: UnitStates,
    *,
    units: Sequence[int] | None = None,
    title: str = "What a unit does",
    note: str = "",
) -> None:
    """Writes the page of `unit_states_html` to a file, whole or not at all; arguments and errors are those.

    Raises:
        OSError: The file cannot be written.
    """
    write(path, unit_states_html(states, units=units, title=title, note=note))


_PAGE = Template(PAGE.template.replace("</style>", "$style</style>"))
_SCALE = (-100, -50, 0, 50, 100)
_HINT = (
    "<p>The colour is the unit's value after it has read what is coloured. Beside a unit stands what its value goes "
    "along with in this text, with Pearson's correlation r; it may do other things besides.</p>"
)
# The hue jumps from blue to red where the value, a hundredth, passes 0; its size is the opacity.
_STYLE = """
header, main { max-width: 78rem; }
.value, .states p span {
  --size: calc(max(var(--v), -1 * var(--v)) / 100 * .9);
  --hue: clamp(12, 117 - var(--v) * 1000, 222);
  background: hsl(var(--hue) 90% 62% / var(--size)); print-color-adjust: exact;
}
@media (prefers-color-scheme: dark) {
  .value, .states p span { background: hsl(var(--hue) 75% 45% / var(--size)); }
}
.value { padding: .1rem .5rem; border-radius: .25rem; color: var(--ink); font-variant-numeric: tabular-nums; }
.states { display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 1.5rem; line-height: 1.5; }
.states p { white-space: pre-wrap; font: .9rem/1.6 ui-monospace, monospace; }
.states .end::before { content: "\\21B5"; opacity: .45; }
.states fieldset { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow: auto;
  margin: 0; padding: 0 .5rem 0 0; border: 0; font-size: .85rem; }
.states legend { padding: 0; color: var(--quiet); }
.states label { display: grid; grid-template-columns: auto 1fr; gap: .4rem; padding: .2rem 0; line-height: 1.3;
  cursor: pointer; }
.states label:has(:checked) { font-weight: 600; }
.states small { display: block; color: var(--quiet); }
@media (max-width: 48rem) {
  .states { grid-template-columns: minmax(0, 1fr); }
  .states fieldset { position: static; max-height: 14rem; }
}
@media print {
  .states { display: block; }
  .states fieldset { position: static; max-height: none; }
  .states label:not(:has(:checked)) { display: none; }
}
"""


def _checked(states: UnitStates) -> np.ndarray:
    """Returns the values as an array."""
    values, number = np.asarray(states.values, np.float32), len(states.tokens)
    if not number:
        raise ValueError("unit_states_html: there is no token to show; give a text")
    if values.ndim != 2 or values.shape[0] != number or not values.shape[1]:
        raise ValueError(
            f"unit_states_html: {number} tokens need values [{number}, units], got the shape {list(values.shape)}"
        )
    if not np.isfinite(values).all():
        raise ValueError("unit_states_html: a value is not finite; the model's weights may have diverged")
    return values


def _checked_units(units: Iterable[int], number: int) -> list[int]:
    chosen = list(dict.fromkeys(units))
    if not chosen:
        raise ValueError("unit_states_html: `units` names no unit; leave it out for those that tell most")
    for unit in chosen:
        if not 0 <= unit < number:
            raise ValueError(f"unit_states_html: there is no unit {unit}; the layer has units 0 to {number - 1}")
    return chosen


def _rule(index: int) -> str:
    """Says which value colours the text while a unit is chosen."""
    return f"body:has(#unit-{index}:checked) .states p span {{ --v: var(--{index}, 0); }}\n"


def _chooser(found: Sequence[Finding]) -> str:
    options = []
    for index, (unit, feature, correlation) in enumerate(found):
        checked = " checked" if index == 0 else ""
        known = f"<small>{escape(feature)}, r = {_minus(f'{correlation:.2f}')}</small>" if feature else ""
        radio = f"<input type='radio' name='unit' id='unit-{index}'{checked}>"
        options.append(f"<label>{radio}<span>unit {unit}{known}</span></label>")
    return f"<fieldset><legend>Coloured by</legend>{''.join(options)}</fieldset>"


def _minus(number: str) -> str:
    return number.replace("-", "\N{MINUS SIGN}")


def _text(tokens: Sequence[str], shown: np.ndarray, kind: str) -> str:
    parts = [_token(token, row) for token, row in zip(tokens, shown.tolist(), strict=True)]
    return ("" if kind == "characters" else " ").join(parts)


def _token(token: str, row: Sequence[int]) -> str:
    """Writes a token with its value in every unit, in hundredths; what is 0 is left out."""
    values = ";".join(f"--{index}:{value}" for index, value in enumerate(row) if value)
    style = f" style='{values}'" if values else ""
    if token == "\n":
        return f"<span class='end'{style}>\n</span>"
    return f"<span{style}>{token if token == chr(9) else escape(token)}</span>"
