"""The floor of the picker's benchmark: its inputs, with what they show handed in ready, and no looks."""

from typing import Any

import traitlets
from ipyvuetify.VuetifyTemplate import VuetifyTemplate


class Floor(VuetifyTemplate):
    """The inputs of a `LookPicker` with nothing behind them."""

    template_file = (__file__, "floor.vue")

    filter = traitlets.Dict().tag(sync=True)
    show = traitlets.Unicode("looks").tag(sync=True)
    opened = traitlets.Unicode(None, allow_none=True).tag(sync=True)
    error = traitlets.Unicode("").tag(sync=True)
    status = traitlets.Dict().tag(sync=True)
    choices = traitlets.Dict().tag(sync=True)

    def vue_set_filter(self, changes: Any) -> None:
        """Do nothing; what is measured is over before anybody clicks."""

    vue_ask_options = vue_clear_filter = vue_retry = vue_refresh = vue_set_filter
    vue_set_show = vue_leave_character = vue_set_filter
