"""The small service that most tests load from."""

from collections.abc import Iterator

import pytest
from avatar_service import Service
from loopback import client_of

from heygen_widgets.api import HeyGenClient


@pytest.fixture
def service() -> Iterator[Service]:
    with Service({"p": 3, "q": 1}, {"a": 60, "b": 40}) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[HeyGenClient]:
    with client_of(service, max_retries=0) as opened:
        yield opened
