"""The card of a video in the making, from the request to the playing film, and what leads there in the picker."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, expect

from heygen_widgets.demo import DemoService, Fault

from . import axe
from .conftest import OpenNotebook
from .jupyter import NotebookPage, Theme
from .picker_page import (
    SETUP,
    cards,
    choose_option,
    expect_matches,
    named,
    note_texts,
    options,
    picker_of,
    shown,
    titled,
    total,
    wait_for_pictures,
    wait_for_text,
    wait_until,
)

LOOK = (
    "from heygen_widgets import *\n"
    "client = {client}\n"
    "ready = (look for look in client.iter_looks() if look.is_ready and look.default_voice_id)\n"
    'look = next(look for look in ready if "avatar_iv" in look.engines)\n'
)
START = 'job = client.start_video(VideoRequest(avatar_id=look.id, script="{script}"))\njob'
PLAYS = """root => {
    const film = root.querySelector('video');
    if (film && film.paused) film.play().catch(() => {});
    return film && film.currentTime > 0;
}"""


def job_of(notebook: NotebookPage, cell: int = 0) -> Locator:
    return notebook.output(cell).locator(".video-job")


def status(job: Locator) -> Locator:
    return job.locator(".video-job__status [role=status]")


def started(
    open_notebook: OpenNotebook,
    *,
    script: str = "Hello",
    client: str = "demo_client(looks=200, render_time=1)",
    cells: tuple[str, ...] = (),
    theme: Theme = "light",
    viewport: tuple[int, int] = (1400, 1000),
    save_widget_state: bool = False,
) -> NotebookPage:
    """Open a notebook and begin a video in its first cell."""
    source = LOOK.format(client=client) + START.format(script=script)
    notebook = open_notebook([source, *cells], theme=theme, viewport=viewport, save_widget_state=save_widget_state)
    notebook.run_cell(0)
    expect(job_of(notebook)).to_be_visible()
    return notebook


@contextmanager
def service_of(*faults: Fault, render_time: float = 1) -> Iterator[tuple[DemoService, str]]:
    """Run a stand-in that outlives kernels; give it with the code of a client."""
    with DemoService(200, render_time=render_time, faults=faults) as service:
        yield service, client_of(service)


def client_of(service: DemoService) -> str:
    return f"HeyGenClient({service.api_key!r}, base_url={service.base_url!r})"


def test_a_card_goes_from_the_request_to_the_playing_film(open_notebook: OpenNotebook) -> None:
    ahead = [0.0]
    with DemoService(200, render_time=600, clock=lambda: time.time() + ahead[0]) as service:
        notebook = started(open_notebook, client=client_of(service))
        job = job_of(notebook)
        expect(job.locator(".video-job__name")).to_have_text(notebook.value("look.name").strip())
        expect(job.locator("img")).to_be_visible()
        expect(job.get_by_role("progressbar")).to_be_visible()
        expect(job.locator(".video-job__clock").first).to_have_text(re.compile(r"^\d:\d\d$"))
        ahead[0] = 600
        expect(status(job)).to_have_text("Completed")
        expect(job.get_by_role("progressbar")).to_have_count(0)
        expect(job.locator(".video-job__status")).to_contain_text("1.6 s long")
        wait_until(job, PLAYS)
        assert notebook.value("(job.result().status, job.status, job.video.id == job.video_id)") == (
            "completed",
            "completed",
            True,
        )


def test_the_kernel_runs_other_cells_while_a_job_waits(open_notebook: OpenNotebook) -> None:
    notebook = started(open_notebook, client="demo_client(looks=200, render_time=600)", cells=("6 * 7", "job.status"))
    notebook.run_cell(1)
    expect(notebook.output(1)).to_contain_text("42")
    notebook.run_cell(2)
    expect(notebook.output(2)).to_contain_text("pending")
    expect(status(job_of(notebook))).to_have_text("Waiting for its turn")
    assert notebook.value("job.is_finished") is False
    # The card's time goes on while the kernel is busy.
    notebook.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:insert-cell-below') }")
    before = job_of(notebook).locator(".video-job__clock").inner_text()
    expect(job_of(notebook).locator(".video-job__clock")).not_to_have_text(before)
    notebook.run("job.close()")
    notebook.expect_run("[t.name for t in __import__('threading').enumerate() if 'heygen_widgets' in t.name]", [])


def test_a_video_that_failed_tells_why(open_notebook: OpenNotebook) -> None:
    notebook = started(open_notebook, script="Please [fail]")
    job = job_of(notebook)
    expect(status(job)).to_have_text("Failed")
    expect(job.locator(".video-job__problem")).to_have_text("render_failed: The stand-in was told to fail.")
    expect(job.locator("video")).to_have_count(0)


def test_a_job_whose_time_is_over_follows_on_at_a_click(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook(
        [LOOK.format(client="demo_client(looks=200, render_time=2)")
         + 'video = client.create_video(VideoRequest(avatar_id=look.id, script="Hello"))\n'
         "job = VideoJob(client, video_id=video.id, timeout=0)\njob"]
    )  # fmt: skip
    notebook.run_cell(0)
    job = job_of(notebook)
    expect(job.locator(".video-job__problem")).to_contain_text("not finished after 0 s")
    notebook.run("job._timeout = 60")
    job.get_by_role("button", name="Follow on").click()
    expect(status(job)).to_have_text("Completed")
    expect(job.get_by_role("button", name="Follow on")).to_have_count(0)
    assert notebook.value("job.error") == ""


def test_every_display_of_a_job_shows_the_same_and_a_late_one_the_film(open_notebook: OpenNotebook) -> None:
    notebook = started(open_notebook, cells=("job", "job"))
    notebook.run_cell(1)
    for cell in (0, 1):
        expect(status(job_of(notebook, cell))).to_have_text("Completed")
    notebook.run_cell(2)
    expect(job_of(notebook, 2).locator("video")).to_be_visible()
    wait_until(job_of(notebook, 2), PLAYS)


def test_a_film_whose_address_has_expired_gets_a_fresh_one(open_notebook: OpenNotebook) -> None:
    with service_of(Fault("403", endpoint="media", times=1)) as (service, client):
        notebook = started(open_notebook, client=client)
        wait_until(job_of(notebook), PLAYS)
        expect(job_of(notebook).locator(".video-job__problem")).to_have_count(0)
        assert service.struck == {"403": 1}
        notebook.run("job.close()")


def test_a_film_that_never_plays_says_how_to_save_it(open_notebook: OpenNotebook) -> None:
    with service_of(Fault("403", endpoint="media")) as (service, client):
        notebook = started(open_notebook, client=client)
        expect(job_of(notebook).locator(".video-job__problem")).to_contain_text("client.download_video")
        notebook.page.wait_for_function("() => true")
        tried = service.struck["403"]
        assert 1 < tried <= 8
        notebook.run("job.close()")


def test_after_a_restart_the_id_takes_the_video_up_again(open_notebook: OpenNotebook) -> None:
    with service_of(render_time=3_000) as (service, client):
        notebook = started(open_notebook, client=client, cells=("1",))
        job = job_of(notebook)
        expect(status(job)).to_have_text("Waiting for its turn")
        video_id = job.locator(".video-job__id code").inner_text()
        assert [video_id] == service.videos
        notebook.page.evaluate("() => { window.jupyterapp.commands.execute('kernelmenu:restart') }")
        notebook.confirm_restart()
        expect(job.locator(".video-job__cut")).to_be_visible()
        again = f"from heygen_widgets import *\njob = VideoJob({client}, video_id={video_id!r})\njob"
        notebook.page.evaluate(
            "source => window.jupyterapp.shell.currentWidget.content.widgets[1].model.sharedModel.setSource(source)",
            again,
        )
        notebook.run_cell(1)
        expect(status(job_of(notebook, 1))).to_have_text("Waiting for its turn")
        expect(job_of(notebook, 1).locator(".video-job__cut")).to_be_hidden()
        assert len(service.videos) == 1
        notebook.run("job.close()")


def test_a_saved_notebook_holds_no_address_of_the_film_and_the_way_to_take_it_up(open_notebook: OpenNotebook) -> None:
    notebook = started(open_notebook, save_widget_state=True)
    expect(job_of(notebook).locator("video")).to_be_visible()
    video_id, url = notebook.value("(job.video_id, job.video.video_url)")
    saved = json.dumps(notebook.save())
    assert url.partition("?")[2] in notebook.value("job.video.video_url")
    assert "Signature" not in saved
    assert "/films/" not in saved
    assert f'VideoJob(client, video_id=\\\\\\"{video_id}' in saved.replace("&quot;", '\\\\\\"')


@pytest.mark.parametrize(("theme", "width"), [("light", 1400), ("dark", 640)])
def test_axe_finds_nothing_wrong_with_a_card(open_notebook: OpenNotebook, theme: Theme, width: int) -> None:
    failing = 'failed = client.start_video(VideoRequest(avatar_id=look.id, script="[fail]"))\nfailed'
    lost = 'lost = VideoJob(client, video_id="nobody")\nlost'
    slow = (
        "slow = demo_client(looks=200, render_time=600).start_video("
        'VideoRequest(avatar_id=look.id, script="Hello"))\nslow'
    )
    notebook = started(open_notebook, cells=(failing, lost, slow), theme=theme, viewport=(width, 1800))
    for cell in (1, 2, 3):
        notebook.run_cell(cell)
    expect(job_of(notebook).locator("video")).to_be_visible()
    expect(status(job_of(notebook, 1))).to_have_text("Failed")
    expect(job_of(notebook, 2).locator(".video-job__problem")).to_contain_text("404")
    expect(status(job_of(notebook, 3))).to_have_text("Waiting for its turn")
    assert axe.violations(notebook.page, ".video-job") == []
    sideways = "cards => cards.filter(card => card.scrollWidth > card.clientWidth).length"
    assert notebook.page.locator(".video-job").evaluate_all(sideways) == 0
    notebook.run("slow.close()")


def test_the_id_is_copied_from_the_card(open_notebook: OpenNotebook) -> None:
    notebook = started(open_notebook)
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    copy = job_of(notebook).get_by_role("button", name=re.compile("Copy id|Copied"))
    note_texts(copy)
    copy.click()
    wait_for_text(copy, "Copied")
    assert notebook.page.evaluate("() => navigator.clipboard.readText()") == notebook.value("job.video_id")


# -- in the picker ----------------------------------------------------------------------------------------------------


def test_the_panel_tells_what_a_video_may_ask_for_and_gives_the_code(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([SETUP, "1"])
    notebook.run_cell(0)
    picker = picker_of(notebook)
    wait_for_pictures(picker)
    notebook.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    notebook.run("picker.filter = LookFilter(engine='avatar_v', avatar_type='photo_avatar', ready=True)")
    expect_matches(notebook, picker)
    cards(picker).first.press("i")
    table = picker.locator(".look-panel__options table")
    expect(table.get_by_role("columnheader")).to_contain_text(["Avatar V"])
    expect(table.get_by_role("row").filter(has_text="Expressiveness").get_by_role("cell").first).to_have_text("no")
    expect(table.get_by_role("row").filter(has_text="Motion prompt").get_by_role("cell").first).to_have_text("yes*")
    picker.locator(".look-panel__options summary").click()
    expect(picker.locator(".look-panel__options li").first).to_be_visible()
    assert axe.violations(notebook.page, ".look-panel") == []
    note_texts(picker.locator(".look-picker__said"))
    picker.get_by_role("button", name="Copy code for a video").click()
    wait_for_text(picker.locator(".look-picker__said"), "Copied")
    code = str(notebook.page.evaluate("() => navigator.clipboard.readText()"))
    notebook.run(code)
    assert notebook.value("job.look.id == job.video.id or job.look.id") == cards(picker).first.get_attribute(
        "data-look-id"
    )
    notebook.run("job.close()")


def test_looks_that_are_ready_are_chosen_in_a_dropdown(open_notebook: OpenNotebook) -> None:
    notebook = shown(open_notebook)
    picker = picker_of(notebook)
    choose_option(picker, "Ready", "No")
    notebook.expect_run("picker.filter.ready", False)
    expect(cards(picker).first.locator(".look-card__state")).to_be_visible()
    not_ready = int(notebook.value("len(picker.catalogue.select(picker.filter))"))
    named(picker, "Ready").locator(".v-field").click()
    expect(options(picker).filter(has=titled(picker, "No"))).to_contain_text(str(not_ready))
    options(picker).filter(has=titled(picker, "Yes")).click()
    notebook.expect_run("picker.filter.ready", True)
    expect(total(picker)).to_have_text(f"{2_000 - not_ready:,} of 2,000 looks")
    choose_option(picker, "Ready", "Any")
    notebook.expect_run("picker.filter.ready", None)
