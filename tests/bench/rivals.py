"""The usual ways to show looks in a notebook, against the picker with 25,000: to twelve decoded pictures.

All pictures are fetched anew from a stand-in in a process of its own. What a rival shows is made ready before, as a
DataFrame or a list; making the widgets or the table is part of the cell, as it is for the picker.
"""

from functools import partial

from .notebook import BenchNotebook, open_notebook
from .stand_in import stand_in
from .table import Finding, Samples, faster, print_samples, take_turns

LOOKS = 25_000
FEW = 1_000  # card widgets
PICTURES = 12
ROUNDS = 9
FEW_ROUNDS = 3  # a round with its clearing up takes more than 10 s
TABLE_BOUND = 2.5
CARDS_BOUND = 15.0
LOADING = 600.0  # s

SET_UP = """
import ipyvuetify as v
import itables
from heygen_widgets import HeyGenClient, LookCatalogue, LookPicker
catalogue = LookCatalogue(HeyGenClient({api_key!r}, base_url={base_url!r}), cache=None)
catalogue.load()
few = catalogue.looks[:{few}]
frame = catalogue.to_frame()[["preview_image_url", "name", "avatar_type", "gender", "orientation", "ownership"]]
urls = frame.pop("preview_image_url").astype(object)
frame.insert(0, "preview", ['<img height="96" src="%s">' % url.replace("&", "&amp;") for url in urls.fillna("")])
"""
SCRIPTS_CELL = "itables.init_notebook_mode(all_interactive=False, connected=False)"
PICKER_CELL = "shown = LookPicker(catalogue)\nshown"
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
CELLS = [SCRIPTS_CELL, PICKER_CELL, TABLE_CELL, CARDS_CELL]


def run() -> list[Finding]:
    """Time the picker in turn with a table, and then with a widget for each look."""
    with stand_in(LOOKS) as service, open_notebook(CELLS) as bench:
        set_up = SET_UP.format(api_key=service.api_key, base_url=service.base_url, few=FEW)
        bench.notebook.run(set_up, timeout=LOADING)
        # Its scripts stay in the page when their cell's output is cleared
        bench.notebook.run_cell(CELLS.index(SCRIPTS_CELL))
        picker, table, cards = [partial(_measure, bench, cell) for cell in (PICKER_CELL, TABLE_CELL, CARDS_CELL)]
        with_table = take_turns(ROUNDS, picker, table)
        # The first of the cards is not counted either, but its warmth is that of the same parts in the picker
        with_cards = take_turns(FEW_ROUNDS, picker, cards, warm=False)
    ours = Samples(f"LookPicker, {LOOKS:,} looks, in turn with itables", with_table[0])
    itables = Samples(f"itables with an image column, {LOOKS:,} looks", with_table[1])
    again = Samples(f"LookPicker, {LOOKS:,} looks, in turn with cards", with_cards[0])
    widgets = Samples(f"an ipyvuetify Card with Img and labels for each of {FEW:,} looks", with_cards[1])
    title = f"rivals: from running the cell to {PICTURES} decoded pictures, fetched anew"
    print_samples(title, [ours, itables, again, widgets])
    print(f"  (only {FEW_ROUNDS} rounds of the card widgets, since one with its clearing up takes more than 10 s)")
    previews = f"First {PICTURES} previews of {LOOKS:,} looks: faster than"
    return [
        faster(f"{previews} itables with an image column", ours, itables, TABLE_BOUND),
        faster(f"{previews} a card widget a look at {FEW:,}", again, widgets, CARDS_BOUND),
    ]


def _measure(bench: BenchNotebook, cell: str) -> float:
    steps = bench.time_cell(CELLS.index(cell), pictures=PICTURES, anew=True, limit=180.0)
    return steps["pictures"]
