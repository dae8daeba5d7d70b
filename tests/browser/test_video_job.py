"""The card of a video, from the request to the playing film."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from heygen_widgets.demo import DemoService

from . import axe, picker_page as ui
from .conftest import OpenNotebook
from .jupyter import NotebookPage, Theme

FAST = "demo_client(looks=200, render_time=1)"
LOOK = (
    "from heygen_widgets import *\n"
    "client = {client}\n"
    "ready = (look for look in client.iter_looks() if look.is_ready and look.default_voice_id)\n"
    'look = next(look for look in ready if "avatar_iv" in look.engines)\n'
)
START = 'job = client.start_video(VideoRequest(avatar_id=look.id, script="Hello"))\njob'
PLAYS = """root => {
    const film = root.querySelector('video');
    if (film && film.paused) film.play().catch(() => {});
    return film && film.currentTime > 0;
}"""
PLACES = """root => [root, ...root.querySelectorAll('.video-job__seen, .video-job__text > :not(span), .v-btn')]
    .map(element => JSON.stringify(element.getBoundingClientRect()))"""
SET_ACCENT = """colour => {
    document.body.style.setProperty('--jp-brand-color1', colour);
    document.body.dataset.jpThemeName = document.body.dataset.jpThemeName;
}"""


def job_of(notebook: NotebookPage, cell: int = 0) -> Locator:
    return notebook.output(cell).locator(".video-job")


def status(job: Locator) -> Locator:
    return job.locator(".video-job__status [role=status]")


def started(open_notebook: OpenNotebook, *cells: str, client: str = FAST, **look: Any) -> NotebookPage:
    """Open a notebook and start a video in its first cell."""
    notebook = open_notebook([LOOK.format(client=client) + START, *cells], **{"viewport": (1400, 1800), **look})
    notebook.run_cell(0)
    expect(job_of(notebook)).to_be_visible()
    return notebook


def client_of(service: DemoService) -> str:
    return f"HeyGenClient({service.api_key!r}, base_url={service.base_url!r})"


def test_a_card_follows_a_video_to_its_film_which_gets_a_new_url_when_it_expires(
    open_notebook: OpenNotebook, service: DemoService, clock: list[float]
) -> None:
    notebook = started(open_notebook, "6 * 7", "late", client=client_of(service), viewport=(480, 1800))
    job = job_of(notebook)
    expect(job.locator(".video-job__name")).to_have_text(notebook.value("look.name").strip())
    expect(job.locator("img")).to_be_visible()
    expect(job.get_by_role("progressbar")).to_be_visible()
    expect(status(job)).to_have_text("Waiting for its turn")
    # Other cells run in the meantime, and the time goes on.
    notebook.run_cell(1)
    expect(notebook.output(1)).to_contain_text("42")
    elapsed = job.locator(".video-job__clock")
    places = job.evaluate(PLACES)
    before = elapsed.inner_text()
    assert re.fullmatch(r"\d\d:\d\d:\d\d", before)
    expect(elapsed).not_to_have_text(before)

    clock[0] = 600
    expect(status(job)).to_have_text("Completed")
    expect(job.get_by_role("progressbar")).to_have_count(0)
    expect(job.locator(".video-job__hint")).to_have_text("The film is 2.4 s long.")
    ui.wait_until(job, PLAYS)
    assert job.evaluate(PLACES) == places  # nothing has moved
    assert notebook.value("job.result().status") == "completed"
    notebook.expect_run("[t.name for t in __import__('threading').enumerate() if 'heygen_widgets' in t.name]", [])

    # A film whose first URL expires before it is shown.
    clock[0] += 60
    notebook.run("late = VideoJob(client, video_id=job.video_id); url = late.result().video_url")
    clock[0] += 86_400
    notebook.run_cell(2)
    ui.wait_until(job_of(notebook, 2), PLAYS)
    expect(job_of(notebook, 2).locator(".video-job__problem")).to_have_count(0)
    assert notebook.value("late.video.video_url != url")


def test_a_film_that_never_plays_is_downloaded_or_opened(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook([LOOK.format(client=FAST) + START])
    tried: list[str] = []
    notebook.page.route("**/films/**", lambda route: (tried.append(route.request.url), route.fulfill(status=403)))
    notebook.run_cell(0)
    job = job_of(notebook)
    expect(job.locator(".video-job__problem")).to_contain_text("does not play here")
    assert 1 < len(tried) <= 8
    notebook.page.route("**/films/**", lambda route: route.fulfill(body=b"film"))  # which any page may read
    with notebook.page.expect_download() as download:
        job.get_by_role("link", name="Download").press("Enter")
    found = (download.value.suggested_filename, download.value.path().read_bytes())
    assert found == (notebook.value("f'{job.video_id}.webm'"), b"film")
    notebook.page.route("**/films/**", lambda route: route.abort())
    with notebook.page.expect_popup() as film:
        job.get_by_role("link", name="Download").press("Enter")
    film.value.close()
    expect(job.get_by_role("link", name="Open film")).to_be_focused()


def test_after_a_restart_the_id_follows_the_same_video_and_the_shortlist_is_copied(
    open_notebook: OpenNotebook, service: DemoService
) -> None:
    shortlist = "picker = LookPicker(client, multiple=True, values=client.list_looks(limit=5))\npicker"
    again = ui.client_code(service.api_key, service.base_url) + "job = VideoJob(client, client.list_videos()[0])\njob"
    notebook = started(open_notebook, shortlist, again, client=client_of(service))
    job, picker = job_of(notebook), ui.picker_of(notebook, 1)
    expect(status(job)).to_have_text("Waiting for its turn")
    notebook.run_cell(1)
    tray, copy = picker.locator(".look-tray"), picker.get_by_role("button", name="Copy ids")
    expect(tray.locator(".look-tray__item")).to_have_count(5)
    ids = notebook.value("[look.id for look in picker.values]")
    notebook.page.evaluate("() => { window.jupyterapp.commands.execute('kernelmenu:restart') }")
    notebook.confirm_restart()
    for widget in (job.locator(".video-job__cut"), picker.locator(".look-picker__cut")):
        expect(widget).to_be_visible()
    expect(tray.locator(".look-tray__looks")).to_have_attribute("inert", "")
    expect(tray.locator(".v-btn")).to_have_count(1)
    assert ui.copied(picker.locator(".look-picker__said"), copy) == "\n".join(ids)
    ui.scroll_to(picker, 20_000)  # to cards that nobody can send any more

    notebook.run_cell(2)
    expect(status(job_of(notebook, 2))).to_have_text("Waiting for its turn")
    expect(job_of(notebook, 2).locator(".video-job__cut")).to_be_hidden()
    for cell in (0, 2):
        assert [job_of(notebook, cell).locator(".video-job__id code").inner_text()] == service.videos
    notebook.run("job.close()")


@pytest.mark.parametrize(("theme", "width"), [("light", 1400), ("dark", 640)])
def test_cards_of_all_kinds_satisfy_axe_and_copy_texts(open_notebook: OpenNotebook, theme: Theme, width: int) -> None:
    failing = 'failed = client.start_video(VideoRequest(avatar_id=look.id, script="[fail]"))\nfailed'
    lost = 'lost = VideoJob(client, video_id="nobody")\nlost'
    slow = "slow = demo_client(200, render_time=600).start_video(VideoRequest(avatar_id=look.id, script='Hi'))\nslow"
    notebook = started(open_notebook, failing, lost, slow, theme=theme, viewport=(width, 1800))
    for cell in (1, 2, 3):
        notebook.run_cell(cell)
    expect(job_of(notebook).locator("video")).to_be_visible()
    failed = job_of(notebook, 1)
    expect(status(failed)).to_have_text("Failed")
    expect(failed.locator(".video-job__problem")).to_contain_text(re.compile("^render_failed: "))
    expect(failed.locator("video")).to_have_count(0)
    expect(job_of(notebook, 2).locator(".video-job__problem")).to_contain_text("404")
    expect(status(job_of(notebook, 3))).to_have_text("Waiting for its turn")
    again = job_of(notebook, 2).get_by_role("button", name="Try again")
    colours = set()
    for colour in ("rgb(128, 0, 0)", "rgb(255, 255, 0)", ""):  # the last one is the theme's own
        notebook.page.evaluate(SET_ACCENT, colour)
        assert axe.violations(notebook.page, ".video-job") == []
        colours.add(again.evaluate("e => getComputedStyle(e).backgroundColor"))
    assert len(colours) == 3
    again.press("Enter")
    expect(job_of(notebook, 2).get_by_role("button", name="Copy code")).to_be_focused()
    sideways = "cards => cards.filter(card => card.scrollWidth > card.clientWidth).length"
    assert notebook.page.locator(".video-job").evaluate_all(sideways) == 0
    notebook.run("slow.close()")
    job, said = job_of(notebook), job_of(notebook).locator(".video-job__unseen")
    assert ui.copied(said, job.get_by_role("button", name="Copy id")) == notebook.value("job.video_id")
    expect(said).to_have_text("")
    assert "client.download_video" in ui.copied(said, job.get_by_role("button", name="Copy code"))
