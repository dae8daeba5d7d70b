"""A key planted in the environment shows up nowhere but in the requests that need it."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator

import pytest

from heygen_widgets import HeyGenClient, HeyGenError, LookFilter, LookPicker
from heygen_widgets.demo import DemoService

KEY = "planted-key-7f3a9c1e5b"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoService]:
    with DemoService(looks=200, api_key=KEY) as running:
        monkeypatch.setenv("HEYGEN_API_KEY", KEY)
        monkeypatch.setenv("HEYGEN_API_BASE", running.base_url)
        yield running


def test_the_key_is_in_no_repr_no_widget_state_and_no_log(
    service: DemoService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    picker = LookPicker()
    assert picker.catalogue.wait(timeout=60)
    picker.vue_ask_window({"view": "v", "start": 0, "count": 50})
    picker.vue_choose(picker.catalogue.looks[0].id)
    picker.filter = LookFilter("office")
    texts = [
        repr(picker),
        repr(picker.catalogue),
        repr(picker.catalogue.client),
        repr(picker.value),
        json.dumps(picker.get_state(), default=repr),
        picker.to_frame().to_csv(),
        caplog.text,
    ]
    picker.close()
    assert caplog.text, "nothing was logged, so nothing was tried"
    assert not [text for text in texts if KEY in text]


def test_the_key_is_in_no_error_of_the_picker(service: DemoService, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    service.api_key = "another"
    service.close()
    picker = LookPicker(HeyGenClient(max_retries=0))
    picker.catalogue.wait(timeout=60)
    picker.selected_id = "not_loaded"
    error = picker.catalogue.progress.error
    assert error is not None
    shown = "".join(traceback.format_exception(error))
    picker.close()
    assert KEY not in shown + picker.error + caplog.text + json.dumps(picker.get_state(), default=repr)


def test_the_key_is_in_no_traceback_of_a_refused_request(service: DemoService) -> None:
    with DemoService(looks=0, api_key="another") as other:
        client = HeyGenClient(base_url=other.base_url)
        with pytest.raises(HeyGenError) as caught:
            client.list_looks()
    assert KEY not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)
