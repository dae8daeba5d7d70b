"""A running stand-in for each way of serving previews."""

from collections.abc import Iterator

import pytest

from heygen_widgets.demo import DemoService

from .caller import Caller


@pytest.fixture(scope="session")
def service() -> Iterator[DemoService]:
    with DemoService(looks=2_000) as running:
        yield running


@pytest.fixture(scope="session")
def http_service() -> Iterator[DemoService]:
    with DemoService(looks=2_000, previews="http") as running:
        yield running


@pytest.fixture
def caller(service: DemoService) -> Caller:
    return Caller(service)


@pytest.fixture
def http_caller(http_service: DemoService) -> Caller:
    return Caller(http_service)
