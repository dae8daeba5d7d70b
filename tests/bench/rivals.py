"""The usual ways to show looks in a notebook, against the picker: the time to twelve decoded pictures.

All pictures are fetched from a stand-in, a process of its own. The data that a rival shows is prepared before, as a
DataFrame or a list. The cell that is timed makes the widgets or the table, and for us the picker.
"""

import math
from functools import partial

from .notebook import PICKER_CELL, BenchNotebook
from .report import Report, take_turns
from .stand_in import stand_in

PICTURES = 12
TABLE_BOUND = 2.5
CARDS_BOUND = 15.0

SET_UP = """
import ipyvuetify as v
import itables
few = catalogue.looks[:{cards}]
frame = catalogue.to_frame()[["preview_image_url", "name", "avatar_type", "gender", "orientation", "ownership"]]
urls = frame.pop("preview_image_url").astype(object)
frame.insert(0, "preview", ['<img height="96" src="%s">' % url.replace("&", "&amp;") for url in urls.fillna("")])
"""
SCRIPTS_CELL = "itables.init_notebook_mode(all_interactive=False, connected=False)"
TABLE_CELL = "itables.show(frame, maxBytes=0, allow_html=True, pageLength=25)"
CARDS_CELL = """
cards = [
    v.Card(width=160, class_="ma-1", children=[
        v.Img(src=look.preview_image_url, height=160),
        v.CardTitle(children=[look.name]),
        v.CardSubtitle(children=[look.avatar_type]),
    ])
    for look in few
]
parts = [*cards, *[part for card in cards for part in card.children]]
shown = v.Html(tag="div", class_="d-flex flex-wrap", children=cards)
shown
"""


def run(report: Report, bench: BenchNotebook, looks: int = 25_000, cards: int = 1_000, rounds: int = 9) -> None:
    """Time the picker in turn with a table, and then in turn with a card widget for each of some looks."""
    card_rounds = math.ceil(rounds / 3)  # a round with its clean-up takes more than 10 s
    with stand_in(looks) as service:
        bench.make_catalogue(service)
        bench.notebook.run(SET_UP.format(cards=cards))
        bench.run_cell(SCRIPTS_CELL)  # its scripts stay in the page when the output is cleared
        picker, table, widgets = [partial(_measure, bench, cell) for cell in (PICKER_CELL, TABLE_CELL, CARDS_CELL)]
        with_table = {
            f"LookPicker, {looks:,} looks, in turn with itables": picker,
            f"itables with an image column, {looks:,} looks": table,
        }
        ours, itables = take_turns(rounds, with_table)
        with_cards = {
            f"LookPicker, {looks:,} looks, in turn with cards": picker,
            f"an ipyvuetify Card with Img and labels for each of {cards:,} looks": widgets,
        }
        again, vuetify = take_turns(card_rounds, with_cards, warm=False)  # the picker has the same parts
    title = f"rivals: from running the cell to {PICTURES} decoded pictures, fetched anew"
    report.rows(title, ours, itables, again, vuetify)
    previews = f"First {PICTURES} previews of {looks:,} looks: faster than"
    report.at_least(f"{previews} itables with an image column", itables.median / ours.median, TABLE_BOUND)
    report.at_least(f"{previews} one card widget per look at {cards:,}", vuetify.median / again.median, CARDS_BOUND)


def _measure(bench: BenchNotebook, cell: str) -> float:
    return bench.time_cell(cell, pictures=PICTURES, clear_cache=True)["pictures"]
