"""A loaded catalogue of a stand-in, which no test changes. No test leaves a picker open."""

from collections.abc import Iterator

import pytest
from ipywidgets.widgets.widget import _instances

from heygen_widgets import HeyGenClient, LookCatalogue, LookPicker
from heygen_widgets.demo import DemoService


@pytest.fixture(autouse=True)
def _close_pickers() -> Iterator[None]:
    yield
    for widget in [*_instances.values()]:
        if isinstance(widget, LookPicker):
            widget.close()


@pytest.fixture(scope="module")
def service() -> Iterator[DemoService]:
    with DemoService(looks=300) as running:
        yield running


@pytest.fixture(scope="module")
def client(service: DemoService) -> Iterator[HeyGenClient]:
    with HeyGenClient(service.api_key, base_url=service.base_url, max_retries=0) as opened:
        yield opened


@pytest.fixture(scope="module")
def catalogue(client: HeyGenClient) -> LookCatalogue:
    loaded = LookCatalogue(client)
    loaded.load()
    return loaded
