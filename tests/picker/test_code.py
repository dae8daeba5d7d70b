"""Code that restores a selection: it runs, it gives the same, and outside text never leaves its place in it."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from IPython.core.inputtransformer2 import TransformerManager
from loopback import KEY

from heygen_widgets import HeyGenClient, LookFilter, demo_client
from heygen_widgets.filters import FACETS, SORTS, FilterFields
from heygen_widgets.models import Look
from heygen_widgets.picker.views import python_code, video_code

HEYGEN = "https://api.heygen.com"
EVERY, FIELDS = LookFilter(), FilterFields.__annotations__.keys()
KEY_NOTE = "  # the key comes from HEYGEN_API_KEY or the login of HeyGen's own client\n"


def look(look_id: str, name: str = "", engines: tuple[str, ...] = ()) -> Look:
    return Look(look_id, name, "photo_avatar", supported_api_engines=engines)


def run_offline(code: str) -> dict[str, Any]:
    """Run code without a service: the client returns any look, and picker, request and job are their arguments."""
    names: dict[str, Any] = {
        "HeyGenClient": lambda: SimpleNamespace(get_look=look, start_video=lambda request: request),
        "LookPicker": lambda _, **arguments: arguments,
        "VideoRequest": lambda **arguments: arguments,
    }
    exec(code.partition("\n")[2], names)
    return names


def ids_and_filter(code: str) -> tuple[list[str], LookFilter]:
    arguments = run_offline(code)["picker"]
    selected = arguments.get("values", [look(arguments["selected_id"])] if "selected_id" in arguments else [])
    return [one.id for one in selected], LookFilter(**{name: arguments[name] for name in arguments.keys() & FIELDS})


def test_python_reads_as_if_a_person_had_written_it() -> None:
    one = python_code(
        [look("8f00aa", " Ada  Office 3 ")], LookFilter("office", gender="female"), "HeyGenClient()", False
    )
    assert one == (
        "from heygen_widgets import HeyGenClient, LookPicker\n\n"
        f"client = HeyGenClient(){KEY_NOTE}"
        'look = client.get_look("8f00aa")  # Ada  Office 3\n'
        "picker = LookPicker(client, search='office', gender='female', selected_id=look.id)\n"
        "picker\n"
    )
    several = python_code([look("b", "Ada Office 3"), look("a")], EVERY, "demo_client(looks=120)", True, "characters")
    assert several == (
        "from heygen_widgets import LookPicker, demo_client\n\n"
        "client = demo_client(looks=120)\n"
        'look_ids = (\n    "b",  # Ada Office 3\n    "a",\n)\n'
        "looks = [client.get_look(look_id) for look_id in look_ids]\n"
        'picker = LookPicker(client, multiple=True, view="characters", values=looks)\n'
        "picker\n"
    )
    assert python_code([], EVERY, "demo_client()", False).endswith("\npicker = LookPicker(client)\npicker\n")


def test_code_for_a_video_is_a_request_that_is_checked_and_sent() -> None:
    assert video_code(look("8f00aa", " Ada  Office 3 ", ("avatar_v",)), "HeyGenClient()") == (
        "from heygen_widgets import HeyGenClient, VideoRequest\n\n"
        f"client = HeyGenClient(){KEY_NOTE}"
        'request = VideoRequest(avatar_id="8f00aa", script="Hello! This is a first try.", engine="avatar_v")'
        "  # Ada  Office 3\n"
        "job = client.start_video(request)  # checks the request and sends it: this costs credits\n"
        "job\n"
    )
    assert "engine=" not in (video_code(look("a", "", ("avatar_4_quality",)), "HeyGenClient()") or "")
    assert video_code(look(".."), "HeyGenClient()") is None
    assert video_code(Look("a", "", "photo_avatar", status="failed"), "HeyGenClient()") is None


def is_sendable(text: str) -> bool:
    return text.encode("utf-8", "replace").decode() == text


HOSTILE = [
    *("'''", '"""', "\\", "\"'\n", "# coding: utf-7", "\u2028import os", "\u202e"),
    *("\r!ls", "what?", "!!", "{}", "%s", "\x1b[201~\nid\n"),
]
texts = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(HOSTILE)
any_looks = st.lists(st.builds(look, texts, texts, st.lists(texts, max_size=2).map(tuple)), max_size=5)
whole = texts.filter(is_sendable)  # a filter takes no other
several = st.none() | whole | st.lists(whole, min_size=1, max_size=4)
closed = {"ownership": "public private", "gender": "female male", "orientation": "portrait landscape square"}
fields = {
    name: st.lists(st.sampled_from(["", *closed[name].split()]), min_size=1) if name in closed else several
    for name in FACETS
}
sorts = st.sampled_from([sign + sort for sign in ("", "-") for sort in SORTS])
filters = st.builds(LookFilter, whole, **fields, ready=st.none() | st.booleans(), sort=st.none() | sorts)


def ids_of(looks: list[Look]) -> list[str]:
    return [one.id for one in looks if one.id not in ("", ".", "..") and is_sendable(one.id)]


def is_harmless(line: str) -> bool:
    """Whether only a comment holds characters that are not printable, and none that breaks or turns the line."""
    code, _, comment = ("", "", line) if line.startswith("# ") else line.partition("  # ")
    return line.isprintable() or (code.isprintable() and len(line.splitlines()) == 1 and "\u202e" not in comment)


@settings(max_examples=4 * settings().max_examples)
@given(any_looks, filters, st.booleans())
def test_python_contains_exactly_the_ids_and_the_filter(looks: list[Look], wanted: LookFilter, multiple: bool) -> None:
    code = python_code(looks, wanted, "HeyGenClient()", multiple)
    assert ids_and_filter(code) == (ids_of(looks), wanted)
    left_out = len(looks) - len(ids_of(looks))
    assert (f"\n# Left out: {left_out} selected looks\n" in code) == (left_out > 0)
    videos = [(one, video) for one in looks if (video := video_code(one, "HeyGenClient()"))]
    for one, video in videos:
        assert run_offline(video)["job"].items() >= {("avatar_id", one.id)}
        assert run_offline(video)["job"].get("engine") in {None, *one.engines}
    for text in (code, *(video for _, video in videos)):
        assert all(map(is_harmless, text.split("\n")))
        assert TransformerManager().transform_cell(text) == text  # nothing in it is a magic or a shell command


def test_a_client_gives_code_with_what_is_not_the_default_and_without_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEYGEN_API_BASE", raising=False)
    assert HeyGenClient(KEY, timeout=9, max_retries=0).code == "HeyGenClient()"
    other = HeyGenClient(KEY, base_url="https://other.example.com/")
    assert other.code == 'HeyGenClient(base_url="https://other.example.com")'
    monkeypatch.setenv("HEYGEN_API_BASE", "https://gateway.example.com")
    assert HeyGenClient(KEY).code == 'HeyGenClient(base_url="https://gateway.example.com")'
    assert HeyGenClient(KEY, base_url=HEYGEN).code == f'HeyGenClient(base_url="{HEYGEN}")'
    demo = demo_client(looks=2_000, seed=0, latency=0, previews="data")
    assert (demo.code, demo.account) == ("demo_client()", "")
    for code in ('demo_client(looks=60, previews="http")', "demo_client(looks=60, seed=3, latency=0.5)"):
        client = eval(code, {"demo_client": demo_client})
        assert (client.code, client.base_url) == (code, eval(client.code, {"demo_client": demo_client}).base_url)
