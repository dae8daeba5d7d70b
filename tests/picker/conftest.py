"""What holds for all tests of the picker: none leaves a picker open."""

from collections.abc import Iterator

import pytest
from ipywidgets.widgets.widget import _instances

from heygen_widgets import LookPicker


@pytest.fixture(autouse=True)
def _close_pickers() -> Iterator[None]:
    yield
    for widget in [*_instances.values()]:
        if isinstance(widget, LookPicker):
            widget.close()
