"""The frame of every page: its style, and the places that are filled in."""

from __future__ import annotations

import html
from collections.abc import Mapping
from pathlib import Path
from string import Template

from zoo.files import replacing
from zoo.showing.printable import printable

PAGE = Template("""\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root {
  color-scheme: light dark;
  --page: #f6f6f4; --card: #fff; --ink: #1c1c1a; --quiet: #5c5c57; --line: #dededa; --alarm: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #151617; --card: #1e2022; --ink: #e8e8e4; --quiet: #a3a39d; --line: #34373a; --alarm: #ff8a80;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
header, main { max-width: 56rem; margin: 0 auto; padding: 0 1.25rem; }
h1 { margin: 2rem 0 .25rem; font-size: 1.6rem; line-height: 1.2; }
header p { margin: 0 0 .75rem; color: var(--quiet); }
dl, ul { display: flex; flex-wrap: wrap; margin: 1.25rem 0; padding: 0; list-style: none; gap: .5rem 1.75rem; }
dl div { display: flex; flex-direction: column-reverse; }
dt { color: var(--quiet); font-size: .8rem; }
dd { margin: 0; font-size: 1.3rem; font-weight: 600; font-variant-numeric: tabular-nums; }
ul { gap: .5rem 1rem; color: var(--quiet); font-size: .9rem; }
.switch { display: inline-flex; gap: .5rem; align-items: center; margin-bottom: 1rem; cursor: pointer; }
ol { margin: 0 0 3rem; padding: 0; list-style: none; }
main li { margin-bottom: .6rem; padding: .7rem 1rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--card); line-height: 2.05; overflow-wrap: anywhere; }
main li p { margin: 0; }
.row { display: grid; grid-template-columns: 5.2rem minmax(0, 1fr); }
.row > span { color: var(--quiet); font-size: .75rem; line-height: 2.75; }
li.differs { border-inline-start: .25rem solid var(--alarm); }
.row + .row { border-top: 1px dashed var(--line); margin-top: .35rem; padding-top: .35rem; }
mark { padding: .2rem .4rem; border-radius: .35rem; background: hsl(var(--hue) 85% 89%); color: hsl(var(--hue) 75% 16%);
  box-shadow: inset 0 0 0 1px hsl(var(--hue) 55% 72%);
  -webkit-box-decoration-break: clone; box-decoration-break: clone; }
mark small { font-size: .68rem; font-weight: 700; letter-spacing: .03em; white-space: nowrap; unicode-bidi: isolate; }
mark b { display: inline-block; padding: 0 .3rem; border-radius: .25rem; background: var(--alarm); color: var(--card);
  line-height: 1.5; letter-spacing: 0; }
mark.shaded { padding: .05rem .15rem; box-shadow: none; color: inherit;
  background: hsl(var(--hue) 85% 65% / calc(var(--strength) * .75)); }
.doubt { text-decoration: underline dotted 2px; text-underline-offset: .25em; }
@media (prefers-color-scheme: dark) {
  mark { background: hsl(var(--hue) 45% 24%); color: hsl(var(--hue) 90% 90%);
    box-shadow: inset 0 0 0 1px hsl(var(--hue) 40% 42%); }
  mark.shaded { color: inherit; box-shadow: none; background: hsl(var(--hue) 60% 45% / calc(var(--strength) * .75)); }
}
body:has(#differences:checked) main li:not(.differs) { display: none; }
@media print {
  body { background: none; }
  main li { break-inside: avoid; }
  mark { print-color-adjust: exact; }
  .switch { display: none; }
}
</style>
</head>
<body>
<header>
<h1>$title</h1>
$note
<dl>$summary</dl>
<ul aria-label="$legend_of">$legend</ul>
$hint
$switch
</header>
<main>
<ol>
$sentences
</ol>
</main>
</body>
</html>
""")


def escape(text: str) -> str:
    """Returns a text as it may stand in a page or in an attribute."""
    return html.escape(printable(text))


def filled(
    *,
    title: str,
    note: str,
    facts: Mapping[str, object],
    legend_of: str,
    legend: str,
    items: str,
    hint: str = "",
    switch: str = "",
    template: Template = PAGE,
    **more: str,
) -> str:
    """Returns a page.

    Args:
        title: Of the page.
        note: A sentence below it, or nothing.
        facts: Figures at the top, by name.
        legend_of: What the legend explains.
        legend: Its entries, HTML.
        items: What is shown, HTML.
        hint: What is to be done with the mouse, HTML.
        switch: What can be chosen, HTML.
        template: The frame.
        **more: What else its places take, HTML.
    """
    return template.substitute(
        title=escape(title),
        note=f"<p>{escape(note)}</p>" if note else "",
        summary="".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts.items()),
        legend_of=legend_of,
        legend=legend,
        hint=hint,
        switch=switch,
        sentences=items,
        **more,
    )


def write(path: str | Path, page: str) -> None:
    """Writes a page to a file, whole or not at all.

    Raises:
        OSError: The file cannot be written.
    """
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
