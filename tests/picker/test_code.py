"""Code that does a choice again: it runs, it gives the same, and nothing from outside gets out of its place in it."""

from __future__ import annotations

import ast
import io
import shlex
import shutil
import subprocess
import sys
import tokenize
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager
from loopback import KEY

import heygen_widgets
from heygen_widgets import HeyGenClient, LookFilter, demo_client
from heygen_widgets._display import literal
from heygen_widgets.demo import DEMO_API_KEY, DemoService
from heygen_widgets.filters import FACETS, SORTS
from heygen_widgets.models import Look
from heygen_widgets.picker.code import curl_code, python_code, video_code

HEYGEN = "https://api.heygen.com"
EVERY = LookFilter()


def a_look(look_id: str, name: str = "") -> Look:
    return Look(look_id, name, "photo_avatar")


# -- Python as a person would write it --------------------------------------------------------------------------------


def test_one_look_and_a_filter_are_a_few_plain_lines() -> None:
    looks = [a_look("8f00aa", " Ada  Office 3 ")]
    assert python_code(looks, LookFilter("office", gender="female"), "HeyGenClient()", multiple=False) == (
        "from heygen_widgets import HeyGenClient, LookFilter, LookPicker\n"
        "\n"
        "client = HeyGenClient()  # the key comes from HEYGEN_API_KEY or the login of HeyGen's own client\n"
        'look = client.get_look("8f00aa")  # Ada  Office 3\n'
        'look_filter = LookFilter("office", gender="female")\n'
        "picker = LookPicker(client, filter=look_filter, selected_id=look.id)\n"
        "picker\n"
    )


def test_a_video_is_a_request_that_is_checked_and_sent_in_one_line() -> None:
    look = Look("8f00aa", " Ada  Office 3 ", "photo_avatar", supported_api_engines=("avatar_v",))
    assert video_code(look, "HeyGenClient()") == (
        "from heygen_widgets import HeyGenClient, VideoRequest\n"
        "\n"
        "client = HeyGenClient()  # the key comes from HEYGEN_API_KEY or the login of HeyGen's own client\n"
        'request = VideoRequest(avatar_id="8f00aa", script="Hello! This is a first try.", engine="avatar_v")'
        "  # Ada  Office 3\n"
        "job = client.start_video(request)  # checks the request against the look, and sends it: this costs credits\n"
        "job\n"
    )


@pytest.mark.parametrize("look", [Look("a", "", "photo_avatar", status="failed"), Look("..", "", "photo_avatar")])
def test_no_code_is_given_for_a_video_that_cannot_be(look: Look) -> None:
    assert video_code(look, "HeyGenClient()") is None


@given(st.text(st.characters()), st.text(st.characters()), st.lists(st.text(st.characters()), max_size=2))
def test_nothing_of_a_look_gets_out_of_its_place_in_the_code_for_a_video(
    look_id: str, name: str, engines: list[str]
) -> None:
    code = video_code(Look(look_id, name, "photo_avatar", supported_api_engines=tuple(engines)), "demo_client()")
    if code is None:
        return
    _, _, request, job, _ = ast.parse(code).body
    assert isinstance(request, ast.Assign)
    assert isinstance(request.value, ast.Call)
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in request.value.keywords}
    assert given["avatar_id"] == look_id
    assert given.get("engine") in {None, *engines}
    assert ast.unparse(job) == "job = client.start_video(request)"


def test_several_looks_have_a_line_each_with_their_names() -> None:
    looks = [a_look("b", "Ada Office 3"), a_look("a", "")]
    assert python_code(looks, EVERY, "demo_client(looks=120)", multiple=True) == (
        "from heygen_widgets import LookPicker, demo_client\n"
        "\n"
        "client = demo_client(looks=120)\n"
        "look_ids = (\n"
        '    "b",  # Ada Office 3\n'
        '    "a",\n'
        ")\n"
        "looks = [client.get_look(look_id) for look_id in look_ids]\n"
        "picker = LookPicker(client, multiple=True, values=looks)\n"
        "picker\n"
    )


def test_a_few_looks_without_names_stand_on_one_line() -> None:
    code = python_code([a_look("b"), a_look("a")], EVERY, "HeyGenClient()", multiple=True)
    assert 'looks = [client.get_look(look_id) for look_id in ("b", "a")]\n' in code


def test_without_a_choice_and_a_filter_there_is_still_the_picker() -> None:
    code = python_code([], EVERY, "demo_client()", multiple=False)
    assert code == (
        "from heygen_widgets import LookPicker, demo_client\n"
        "\n"
        "client = demo_client()\n"
        "picker = LookPicker(client)\n"
        "picker\n"
    )


def test_a_picker_that_shows_characters_does_so_again() -> None:
    code = python_code([], EVERY, "demo_client()", multiple=False, show="characters")
    assert 'picker = LookPicker(client, show="characters")\n' in code


LONG_FILTER = LookFilter("a" * 60, tag=[f"tag {n}" for n in range(40)], engine=["", "avatar_v"], ready=False)


@pytest.mark.parametrize(
    ("looks", "wanted"),
    [
        ([], EVERY),
        ([a_look("a", "Ada")], LookFilter("it's", tag='say "hi"', sort="-name")),
        ([a_look("a" * 90, "Ada"), a_look("'\"", "Bo")], LONG_FILTER),
        ([a_look("a" * 90, "n" * 90)], LookFilter("s" * 40, avatar_type=["x" * 30, "y" * 30], group_id="g")),
        ([a_look("\u4e2d" * 48)], LookFilter(tag=["t"] * 2, status=[f"s{n}" for n in range(30)])),
        ([a_look("a" * 190)], LookFilter("é\u202e\n\\" * 30)),
    ],
)
def test_a_formatter_finds_nothing_to_change(looks: list[Look], wanted: LookFilter) -> None:
    code = python_code(looks, wanted, "HeyGenClient()", multiple=False)
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "-"]
    assert subprocess.check_output(ruff, input=code, text=True, encoding="utf-8") == code


def test_what_the_service_cannot_be_asked_for_is_left_out_with_a_word() -> None:
    looks = [a_look(look_id) for look_id in ("", ".", "..", "\ud800", "x" * 2_001, "a")]
    for code in (
        python_code(looks, EVERY, "HeyGenClient()", multiple=True),
        curl_code(looks, EVERY, HEYGEN),
    ):
        assert "# Left out here: 5 chosen looks\n" in code
    assert ids_and_filter(python_code(looks, EVERY, "HeyGenClient()", multiple=True)) == (["a"], EVERY)


def test_more_than_a_picker_can_hold_is_left_out_with_a_word() -> None:
    looks = [a_look(f"l{n}", "n" * 300) for n in range(121)]
    wanted = LookFilter(group_id=[f"g{n:05}" for n in range(1_001)], tag=["x" * 2_001])
    code = python_code(looks, wanted, "HeyGenClient()", multiple=True)
    ids, read = ids_and_filter(code)
    assert ids == [look.id for look in looks[:120]]
    assert read == LookFilter(group_id=[f"g{n:05}" for n in range(1_000)])
    for word in ("1 chosen looks", "1 values of group_id", "1 values of tag"):
        assert f"# Left out here: {word}\n" in code
    commands = curl_code(looks, wanted, HEYGEN)
    assert len(urls_of(commands)) == 240
    assert "# Left out here: 881 combinations of values\n" in commands
    assert len(code) < 100_000 > len(commands)


# -- and run ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 1, 3])
def test_what_is_run_gives_equal_looks_and_an_equal_filter(number: int) -> None:
    client = demo_client(looks=120)
    looks = list(client.list_looks(limit=50))[20 : 20 + number]
    wanted = LookFilter("office", gender=["female", ""], engine="avatar_iv", ready=True, sort="-size")
    names = run(python_code(looks, wanted, client.code, multiple=number > 1))
    picker = names["picker"]
    try:
        assert picker.catalogue.wait(60)
        assert [*picker.values] == looks
        assert names["client"].base_url == client.base_url
        assert picker.filter == wanted
        assert picker.multiple is (number > 1)
    finally:
        picker.close()


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "code", "exec"), names)
    return names


def ids_and_filter(code: str) -> tuple[list[str], LookFilter]:
    """Run code with stand-ins for the client and the picker, which note what they are given."""
    asked: list[str] = []

    class Client:
        def get_look(self, look_id: str) -> Look:
            asked.append(look_id)
            return a_look(look_id)

    class Picker:
        def __init__(
            self,
            client: Client,
            *,
            multiple: bool = False,
            filter: LookFilter = EVERY,
            selected_id: str = "",
            values: Sequence[Look] = (),
        ) -> None:
            self.filter = filter
            self.multiple = multiple
            self.values = [a_look(selected_id)] if selected_id else values

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heygen_widgets, "HeyGenClient", Client, raising=False)
        patch.setattr(heygen_widgets, "LookPicker", Picker, raising=False)
        picker = run(code)["picker"]
    assert [look.id for look in picker.values] == asked
    assert picker.multiple or len(asked) < 2
    return asked, picker.filter


texts = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    [
        "'''",
        '"""',
        "\\",
        "\"'\n",
        "# coding: utf-7",
        "\u2028import os",
        "\u202e",
        "\r!ls",
        "what?",
        "$(id)",
        "`id`",
        "x; id",
        "*/ -->",
        "{}",
        "%s",
        "\x1b[201~\nid\n",
        "@file",
        "a=b&c",
        "[1-9]",
        "!!",
        "digital_twin",
    ]
)
looks_of_any_kind = st.lists(st.builds(a_look, texts, texts), max_size=5)
several = st.none() | texts | st.lists(texts, max_size=4)
CLOSED = {
    "ownership": ["public", "private", ""],
    "gender": ["female", "male", ""],
    "orientation": ["portrait", "landscape", "square", ""],
}
filters = st.builds(
    LookFilter,
    texts,
    **{name: st.lists(st.sampled_from(CLOSED[name])) if name in CLOSED else several for name in FACETS},
    ready=st.none() | st.booleans(),
    sort=st.none() | st.sampled_from([sign + sort for sign in ("", "-") for sort in SORTS]),
)


def can_be_asked_for(text: str) -> bool:
    return text not in ("", ".", "..") and can_be_sent(text)


def can_be_sent(text: str) -> bool:
    return text.encode("utf-8", "replace").decode() == text


@settings(max_examples=4 * settings().max_examples)
@given(looks_of_any_kind, filters, st.booleans())
def test_python_gives_exactly_the_ids_and_the_filter_whatever_they_are(
    looks: list[Look], wanted: LookFilter, multiple: bool
) -> None:
    code = python_code(looks, wanted, "HeyGenClient()", multiple)
    ids = [look.id for look in looks if can_be_asked_for(look.id)]
    assert ids_and_filter(code) == (ids, wanted)
    # Only what stands in a comment is as it was served, and there is nothing in it that breaks or turns a line.
    assert all(line.isprintable() or has_space_in_comment(line) for line in code.split("\n"))
    # Neither has a notebook anything to make of it.
    assert TransformerManager().transform_cell(code) == code


def has_space_in_comment(line: str) -> bool:
    code, _, comment = line.partition("  # ") if not line.startswith("# ") else ("", "", line)
    return code.isprintable() and len(line.splitlines()) == 1 and "\u202e" not in comment


@given(texts)
def test_a_literal_is_its_text_in_characters_that_can_all_be_printed(text: str) -> None:
    assert ast.literal_eval(literal(text)) == text
    assert literal(text).isprintable()
    (token, *_) = tokenize.generate_tokens(io.StringIO(literal(text)).readline)
    assert token.string == literal(text)


# -- curl -------------------------------------------------------------------------------------------------------------


def test_a_choice_is_a_command_for_each_look() -> None:
    assert curl_code([a_look("8f", "Ada"), a_look("a/b?")], EVERY, HEYGEN) == (
        "# Ada\n"
        'curl -H "X-Api-Key: $HEYGEN_API_KEY" https://api.heygen.com/v3/avatars/looks/8f\n'
        'curl -H "X-Api-Key: $HEYGEN_API_KEY" https://api.heygen.com/v3/avatars/looks/a%2Fb%3F\n'
    )


def test_a_filter_is_a_command_for_each_combination_that_the_service_knows_and_says_what_it_does_not() -> None:
    wanted = LookFilter("office", avatar_type=["", "a b", "c"], ownership="public", gender="female", sort="name")
    begin = 'curl -H "X-Api-Key: $HEYGEN_API_KEY" -G https://api.heygen.com/v3/avatars/looks'
    assert curl_code([], wanted, HEYGEN) == (
        "# The service does not know this of the filter: search, gender, sort\n"
        "# The service cannot be asked for looks without avatar_type\n"
        "# Where an answer has a next_token, more follows: repeat with --data-urlencode token=NEXT_TOKEN\n"
        f"{begin} --data-urlencode 'avatar_type=a b' --data-urlencode ownership=public --data-urlencode limit=50\n"
        f"{begin} --data-urlencode avatar_type=c --data-urlencode ownership=public --data-urlencode limit=50\n"
    )


def by_hand(command: str) -> requests.Response:
    """Do what curl would, without a shell."""
    request = request_of(command)
    headers = {name: value.replace("$HEYGEN_API_KEY", DEMO_API_KEY) for name, value in request["headers"].items()}
    return requests.get(request["url"], params=request["query"], headers=headers, timeout=20)


def by_curl(command: str) -> requests.Response:
    """Let a shell and the real curl do it."""
    answer = requests.Response()
    answer._content = subprocess.check_output(
        ["/bin/sh", "-c", command], env={"HEYGEN_API_KEY": DEMO_API_KEY, "PATH": str(Path(CURL or "").parent)}
    )
    answer.status_code = 200
    return answer


CURL = shutil.which("curl")
RUNNERS = [by_hand, by_curl] if CURL else [by_hand]


def request_of(command: str) -> dict[str, Any]:
    curl, *rest = shlex.split(command)
    assert curl == "curl"
    headers: dict[str, str] = {}
    query: list[tuple[str, str]] = []
    urls: list[str] = []
    words = iter(rest)
    for word in words:
        if word == "-H":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "--data-urlencode":
            name, _, value = next(words).partition("=")
            query.append((name, value))
        elif word == "--data":
            query += parse_qsl(next(words), keep_blank_values=True, strict_parsing=True)
        elif word != "-G":
            urls.append(word)
    (url,) = urls
    assert headers == {"X-Api-Key": "$HEYGEN_API_KEY"}
    assert bool(query) is ("-G" in rest)
    return {"url": url, "headers": headers, "query": query}


def commands_of(code: str) -> list[str]:
    return [line for line in code.splitlines() if not line.startswith("# ")]


def urls_of(code: str) -> list[str]:
    return [request_of(command)["url"] for command in commands_of(code)]


@pytest.mark.parametrize("ask", RUNNERS)
def test_the_commands_get_from_the_service_what_was_chosen_and_filtered(
    ask: Callable[[str], requests.Response],
) -> None:
    with DemoService(looks=120) as service, HeyGenClient(DEMO_API_KEY, base_url=service.base_url) as client:
        looks = [client.get_look(look.id) for look in service.catalogue.looks[:2]]
        group = service.catalogue.groups[0]
        wanted = LookFilter(group_id=[group.id, "it's; $(none) [1-2]\x1b"], ownership="public")
        service.requests.clear()
        answers = [ask(command) for command in commands_of(curl_code(looks, wanted, service.base_url))]
        assert [Look.from_json(answer.json()["data"]) for answer in answers[:2]] == looks
        listed = {len(answer.json()["data"]) for answer in answers[2:]}
        assert listed == {0, min(50, len(group.looks))}
        queries = [dict(parse_qsl(urlsplit(path).query)) for _, path in service.requests][2:]
        assert {query["group_id"] for query in queries} == set(wanted.group_id)
        assert {(query["ownership"], query["limit"]) for query in queries} == {("public", "50")}


@settings(max_examples=4 * settings().max_examples)
@given(looks_of_any_kind, filters)
def test_curl_is_given_exactly_the_addresses_and_values_whatever_they_are(
    looks: list[Look], wanted: LookFilter
) -> None:
    code = curl_code(looks, wanted, HEYGEN)
    begin = f"{HEYGEN}/v3/avatars/looks"
    ids = [look.id for look in looks if can_be_asked_for(look.id)]
    requested = [request_of(command) for command in commands_of(code)]
    singles = [request["url"] for request in requested if not request["query"]]
    assert singles == [f"{begin}/{quote(look_id, safe='')}" for look_id in ids]
    lists = [request for request in requested if request["query"]]
    assert {request["url"] for request in lists} <= {begin}
    for name in ("avatar_type", "ownership", "group_id"):
        values = [value for value in getattr(wanted, name) if value and can_be_sent(value)]
        asked = [dict(request["query"]).get(name) for request in lists]
        assert set(asked) <= (set(values) or {None})
        assert not lists or len(lists) >= len(values)
    # A terminal is told nothing, and where a shell knows no comments they are words of a command that there is not.
    assert code.replace("\n", "").isprintable() or has_only_named_spaces(code)
    first_words = [shlex.split(line)[0] for line in code.splitlines()]
    assert set(first_words) <= {"#", "curl"}
    shell = shlex.shlex(code, posix=False, punctuation_chars=True)  # what is quoted keeps its quotes
    shell.commenters = ""
    shell.whitespace_split = True
    assert not {"(", ")", ";", "<", ">", "|", "&"} & {word for word in shell if set(word) <= set("();<>|&")}


def has_only_named_spaces(code: str) -> bool:
    return all(
        line.isprintable() or (line.startswith("# ") and len(line.splitlines()) == 1) for line in code.split("\n")
    )


# -- the client's own part --------------------------------------------------------------------------------------------


def test_a_client_tells_the_code_that_makes_one_like_it_and_never_its_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEYGEN_API_BASE", raising=False)
    assert HeyGenClient(KEY).code == "HeyGenClient()"
    assert HeyGenClient(KEY, timeout=9, max_retries=0).code == "HeyGenClient()"
    other = HeyGenClient(KEY, base_url="https://other.example.com/")
    assert other.code == 'HeyGenClient(base_url="https://other.example.com")'
    monkeypatch.setenv("HEYGEN_API_BASE", "https://gateway.example.com")
    assert HeyGenClient(KEY).code == 'HeyGenClient(base_url="https://gateway.example.com")'
    assert HeyGenClient(KEY, base_url=HEYGEN).code == f'HeyGenClient(base_url="{HEYGEN}")'


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "demo_client()"),
        ({"looks": 2_000, "seed": 0, "latency": 0, "previews": "data"}, "demo_client()"),
        ({"looks": 60, "previews": "http"}, 'demo_client(looks=60, previews="http")'),
        ({"looks": 60, "seed": 3, "latency": 0.5}, "demo_client(looks=60, seed=3, latency=0.5)"),
    ],
)
def test_a_client_of_the_stand_in_tells_what_is_not_the_default(arguments: dict[str, Any], code: str) -> None:
    client = demo_client(**arguments)
    assert client.code == code
    assert run(f"from heygen_widgets import demo_client\nclient = {code}")["client"].base_url == client.base_url
