"""Code that restores a selection: it runs, it gives the same, and outside text never leaves its place in it."""

import os
import shlex
import shutil
import subprocess
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager
from loopback import KEY

from heygen_widgets import HeyGenClient, LookFilter, demo_client
from heygen_widgets.demo import DEMO_API_KEY, DemoService
from heygen_widgets.filters import FACETS, SORTS, FilterFields
from heygen_widgets.models import Look
from heygen_widgets.picker.code import curl_code, python_code, video_code

HEYGEN = "https://api.heygen.com"
EVERY, FIELDS = LookFilter(), FilterFields.__annotations__.keys()
KEY_NOTE = "  # the key comes from HEYGEN_API_KEY or the login of HeyGen's own client\n"
CURL = 'curl -H "X-Api-Key: $HEYGEN_API_KEY"'


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
    assert video_code(look(".."), "HeyGenClient()") is None
    assert video_code(Look("a", "", "photo_avatar", status="failed"), "HeyGenClient()") is None


def test_what_cannot_be_requested_is_left_out_with_a_comment() -> None:
    looks = [look("a"), *(look(look_id) for look_id in (".", "..", "\ud800"))]
    wanted = LookFilter(group_id=[f"g{n:05}" for n in range(1_001)])
    code, commands = python_code(looks, wanted, "HeyGenClient()", False), curl_code(looks, wanted, HEYGEN)
    assert ids_and_filter(code) == (["a"], wanted)
    assert all("# Left out: 3 selected looks\n" in text for text in (code, commands))
    assert "# Left out: 881 combinations of values\n" in commands
    assert len(requests_of(commands)) == 121


def is_sendable(text: str) -> bool:
    return text.encode("utf-8", "replace").decode() == text


PYTHON = [
    *("'''", '"""', "\\", "\"'\n", "# coding: utf-7", "\u2028import os", "\u202e"),
    *("\r!ls", "what?", "!!", "{}", "%s"),
]
SHELL = ["$(id)", "`id`", "x; id", "*/ -->", "\x1b[201~\nid\n", "@file", "a=b&c", "[1-9]", "digital_twin"]
texts = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(PYTHON + SHELL)
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
    videos = [(one, video) for one in looks if (video := video_code(one, "HeyGenClient()"))]
    for one, video in videos:
        assert run_offline(video)["job"].items() >= {("avatar_id", one.id)}
        assert run_offline(video)["job"].get("engine") in {None, *one.engines}
    for text in (code, *(video for _, video in videos)):
        assert all(map(is_harmless, text.split("\n")))
        assert TransformerManager().transform_cell(text) == text  # nothing in it is a magic or a shell command


def test_a_selection_is_a_command_per_look_and_a_filter_one_per_combination() -> None:
    assert curl_code([look("8f", "Ada"), look("a/b?")], EVERY, HEYGEN) == (
        f"# Ada\n{CURL} {HEYGEN}/v3/avatars/looks/8f\n{CURL} {HEYGEN}/v3/avatars/looks/a%2Fb%3F\n"
    )
    wanted = LookFilter("office", avatar_type=["", "a b", "c"], ownership="public", gender="female", sort="name")
    start = f"{CURL} -G {HEYGEN}/v3/avatars/looks"
    assert curl_code([], wanted, HEYGEN) == (
        "# The service cannot filter by: search, gender, sort\n"
        "# The service cannot list looks without avatar_type\n"
        "# A next_token in the response means that more looks follow: add --data-urlencode token=NEXT_TOKEN\n"
        f"{start} --data-urlencode 'avatar_type=a b' --data-urlencode ownership=public --data-urlencode limit=50\n"
        f"{start} --data-urlencode avatar_type=c --data-urlencode ownership=public --data-urlencode limit=50\n"
    )


def requests_of(code: str) -> list[tuple[str, dict[str, str]]]:
    """Read the URL and the query of each command, as a shell and curl do."""
    found = []
    for command in (line for line in code.splitlines() if not line.startswith("# ")):
        assert command.startswith(f"{CURL} ")
        words, query = shlex.split(command.removeprefix(CURL)), []
        urls = [word for word in words if word.startswith("http")]
        for option, data in pairwise(words):
            if option == "--data-urlencode":
                query.append(tuple(data.split("=", 1)))
            elif option == "--data":
                query += parse_qsl(data, keep_blank_values=True, strict_parsing=True)
        assert len(words) == len(urls) + 2 * len(query) + ("-G" in words)
        assert (len(urls), bool(query)) == (1, "-G" in words)
        found.append((urls[0], dict(query)))
    return found


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_commands_fetch_the_selected_looks_and_the_matches() -> None:
    with DemoService(looks=120) as service, HeyGenClient(DEMO_API_KEY, base_url=service.base_url) as client:
        looks = list(client.list_looks(limit=2))
        group = service.catalogue.groups[0].id
        wanted = LookFilter(group_id=[group, "it's; $(none) [1-2]\x1b"], ownership="public")
        service.requests.clear()
        environment = {"HEYGEN_API_KEY": DEMO_API_KEY, "PATH": os.environ["PATH"]}
        script = curl_code(looks, wanted, service.base_url)
        responses = subprocess.check_output(["/bin/sh", "-c", script], env=environment, text=True)
    asked = [(url.path, dict(parse_qsl(url.query))) for url in (urlsplit(path) for _, path in service.requests)]
    assert [path.rpartition("/")[2] for path, _ in asked] == [*(one.id for one in looks), "looks", "looks"]
    assert {query["group_id"] for _, query in asked[2:]} == set(wanted.group_id)
    assert {(query["ownership"], query["limit"]) for _, query in asked[2:]} == {("public", "50")}
    assert all(one.name in responses for one in looks)


@settings(max_examples=4 * settings().max_examples)
@given(any_looks, filters)
def test_curl_gets_exactly_the_ids_and_the_values(looks: list[Look], wanted: LookFilter) -> None:
    code = curl_code(looks, wanted, HEYGEN)
    found, base = requests_of(code), f"{HEYGEN}/v3/avatars/looks"
    assert [url for url, query in found if not query] == [f"{base}/{quote(i, safe='')}" for i in ids_of(looks)]
    lists = [query for url, query in found if url == base]
    for name in ("avatar_type", "ownership", "group_id"):
        values = {value for value in getattr(wanted, name) if value}
        assert {query.get(name) for query in lists} <= (values or {None})
        assert not lists or len(lists) >= len(values)
    assert all(map(is_harmless, code.split("\n")))
    # In a shell without comments "#" is an unknown command, and nothing after it can start another one.
    assert {shlex.split(line)[0] for line in code.splitlines()} <= {"#", "curl"}
    shell = shlex.shlex(code, posix=False, punctuation_chars=True)  # quoted words keep their quotes
    shell.commenters, shell.whitespace_split = "", True
    assert not [word for word in shell if set(word) <= set("();<>|&")]


def test_a_client_gives_code_with_what_is_not_the_default_and_without_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEYGEN_API_BASE", raising=False)
    assert HeyGenClient(KEY, timeout=9, max_retries=0).code == "HeyGenClient()"
    other = HeyGenClient(KEY, base_url="https://other.example.com/")
    assert other.code == 'HeyGenClient(base_url="https://other.example.com")'
    monkeypatch.setenv("HEYGEN_API_BASE", "https://gateway.example.com")
    assert HeyGenClient(KEY).code == 'HeyGenClient(base_url="https://gateway.example.com")'
    assert HeyGenClient(KEY, base_url=HEYGEN).code == f'HeyGenClient(base_url="{HEYGEN}")'
    assert demo_client(looks=2_000, seed=0, latency=0, previews="data").code == "demo_client()"
    for code in ('demo_client(looks=60, previews="http")', "demo_client(looks=60, seed=3, latency=0.5)"):
        client = eval(code, {"demo_client": demo_client})
        assert (client.code, client.base_url) == (code, eval(client.code, {"demo_client": demo_client}).base_url)
