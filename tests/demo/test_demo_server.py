"""The stand-in answers like the service: paging, filters, credentials, errors, and HTTP itself."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import pytest

from heygen_widgets.demo import DEMO_API_KEY, DemoService

from .caller import CONTRACT, Answer, Caller, check

LOOKS, GROUPS = "/v3/avatars/looks", "/v3/avatars"
DOCUMENTED = "https://developers.heygen.com/docs/error-codes#unauthorized"
UNAUTHORIZED = {"error": {"code": "unauthorized", "message": "Unauthorized", "doc_url": DOCUMENTED}}


def test_a_page_has_twenty_records_by_default_and_the_last_one_promises_no_more(caller: Caller) -> None:
    for path in (LOOKS, GROUPS, "/v3/voices"):
        assert len(caller.get(path)["data"]) == 20
    with DemoService(looks=0) as service:
        for path in (LOOKS, GROUPS):
            assert Caller(service).get(path) == {"data": [], "has_more": False, "next_token": None}
    with DemoService(looks=100) as service:
        assert len(Caller(service).every(LOOKS, limit=50)) == 100
        assert len(service.requests) == 2


def test_a_token_is_valid_alone_and_with_its_own_query(caller: Caller) -> None:
    query = f"{LOOKS}?limit=10&ownership=public"
    first = caller.get(query)
    token = f"token={first['next_token']}"
    second = caller.get(f"{LOOKS}?{token}")
    assert second == caller.get(f"{query}&{token}")
    assert first["data"] + second["data"] == caller.get(LOOKS, limit=20, ownership="public")["data"]
    others = [
        f"{query}&{other}" for other in ("limit=11", "ownership=private", "avatar_type=photo_avatar", "group_id=a")
    ]
    for path in (*others, f"{LOOKS}?limit=10", f"{GROUPS}?limit=10", f"{GROUPS}?"):
        assert caller.call("GET", f"{path}&{token}").error == (400, "invalid_parameter", "token")


@pytest.mark.parametrize(
    "case",
    json.loads((CONTRACT / "errors.json").read_text(encoding="utf-8"))["cases"],
    ids=lambda case: case["request"],
)
def test_a_refused_request_gets_its_error(caller: Caller, case: dict[str, Any]) -> None:
    method, path = case["request"].replace("{group}", caller.service.catalogue.groups[0].id).split(" ", 1)
    answer = caller.call(method, path, body=json.dumps(case["body"]).encode() if "body" in case else None)
    assert (answer.status, answer.headers["Allow"]) == (case["status"], case.get("allow"))
    if method == "HEAD":
        assert answer.body == b""
    else:
        assert answer.error == (case["status"], case["code"], case.get("param"))
    assert caller.call("GET", LOOKS).status == 200, "the connection is still good"


def test_the_curl_lines_of_the_documentation_run() -> None:
    def curl(path: str, **body: str) -> Any:
        if not shutil.which("curl"):  # the same request, whose answer is checked too
            return (caller.post(path, body) if body else caller.call("GET", path)).json
        sent = ["-H", "Content-Type: application/json", "-d", json.dumps(body)] if body else []
        command = ["curl", "-s", f"{service.base_url}{path}", "-H", f"X-Api-Key: {service.api_key}", *sent]
        content = json.loads(subprocess.check_output(command))
        check(f"{'POST' if body else 'GET'} {path}", 200, content)
        return content

    with DemoService(looks=300, render_time=0) as service:
        caller = Caller(service)
        first = curl(f"{LOOKS}?avatar_type=photo_avatar&ownership=public&limit=5")
        both = first["data"] + curl(f"{LOOKS}?token={first['next_token']}")["data"]
        assert both == caller.get(LOOKS, avatar_type="photo_avatar", ownership="public", limit=10)["data"]
        (look,) = curl(f"{LOOKS}?group_id=group_abc123")["data"]
        assert (look["name"], look["default_voice_id"]) == ("Monica - Business Casual", "voice_xyz789")
        fields = {"type": "avatar", "avatar_id": "look_def456", "voice_id": "voice_xyz789", "resolution": "1080p"}
        video_id = curl("/v3/videos", script="Hello", title="Hi", **fields)["data"]["video_id"]
        assert curl("/v3/video-agents", prompt="An ad", avatar_id="look_def456")["data"]["video_id"]
        film = caller.get(f"/v3/videos/{video_id}")["data"]["video_url"]
        assert caller.fetch(film).body == caller.fetch(look["preview_video_url"]).body
        assert caller.get(f"{GROUPS}/group_abc123")["data"]["looks_count"] == 1
        assert caller.get("/v3/voices/voice_xyz789")["data"]["name"].startswith("Monica")
        for path in (LOOKS, GROUPS, "/v3/voices"):
            assert not any("Monica" in record["name"] for record in caller.every(path))


def test_the_filters_split_the_catalogue(caller: Caller) -> None:
    found = []
    for ownership in ("public", "private"):
        for avatar_type in ("photo_avatar", "digital_twin", "studio_avatar"):
            looks = caller.every(LOOKS, ownership=ownership, avatar_type=avatar_type)
            assert all(look["avatar_type"] == avatar_type for look in looks)
            found += [look["id"] for look in looks]
    assert sorted(found) == sorted(look["id"] for look in caller.every(LOOKS))
    public, private = (caller.every(GROUPS, ownership=ownership) for ownership in ("public", "private"))
    assert {group["id"] for group in public}.isdisjoint(group["id"] for group in private)
    assert len(public) + len(private) == len(caller.every(GROUPS))
    group = caller.service.catalogue.groups[0]
    kind = group.looks[0].avatar_type
    assert len(caller.every(LOOKS, group_id=group.id, avatar_type=kind, ownership="public")) == len(group.looks)
    assert caller.every(LOOKS, group_id=group.id, ownership="private") == []
    assert caller.every(LOOKS, group_id="nobody") == []
    for no_filter in ("gender", "tag", "engine", "orientation", "status", "name"):
        assert caller.get(LOOKS, **{no_filter: "none"})["data"] == caller.get(LOOKS)["data"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Api-Key": ""},
        {"X-Api-Key": "wrong"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {DEMO_API_KEY}"},
        {"Authorization": DEMO_API_KEY},
        {"X-Api-Key": DEMO_API_KEY, "Authorization": f"Bearer {DEMO_API_KEY}"},
    ],
)
def test_a_request_without_the_key_in_exactly_one_header_is_401(caller: Caller, headers: dict[str, str]) -> None:
    for path in (LOOKS, f"{GROUPS}/nobody", "/v3/elsewhere"):
        answer = caller.call("GET", path, headers=headers)
        assert (answer.status, answer.json) == (401, UNAUTHORIZED)
    assert caller.call("POST", "/v3/videos", headers, b"{}").status == 401


def test_a_key_bills_the_wallet_and_an_oauth_token_a_subscription() -> None:
    key, token = {"X-Api-Key": "another"}, {"Authorization": "Bearer another"}
    with DemoService(looks=1, api_key="another") as service:
        for billing_type, headers in (("wallet", key), ("subscription", token)):
            account = Caller(service).call("GET", "/v3/users/me", headers=headers).json["data"]
            assert account["billing_type"] == billing_type
        assert Caller(service).call("GET", LOOKS, headers={"X-Api-Key": DEMO_API_KEY}).status == 401


@pytest.mark.parametrize("path", [LOOKS, f"{LOOKS}?limit=0", f"{LOOKS}/nobody", "/v3/elsewhere", "/nothing"])
def test_connections_stay_open_and_every_response_has_its_own_request_id(caller: Caller, path: str) -> None:
    ids = {caller.call("GET", path).headers["X-Request-Id"]}
    opened = caller.connection.sock
    ids.add(caller.call("POST", path, body=b"x" * 70_000).headers["X-Request-Id"])
    assert caller.connection.sock is opened is not None
    assert len(ids - {None}) == 2


def test_closing_ends_open_connections_and_the_service_can_be_started_again() -> None:
    service = DemoService(looks=5).start()
    assert service.start() is service
    caller = Caller(service)
    look_id = caller.get(LOOKS, limit=3)["data"][0]["id"]
    caller.call("DELETE", f"{LOOKS}?key={DEMO_API_KEY}")
    # Requests are remembered, without the key.
    assert list(service.requests) == [("GET", f"{LOOKS}?limit=3"), ("DELETE", f"{LOOKS}?key=…")]
    assert service.requests.maxlen == 10_000
    assert caller.connection.sock is not None
    address = caller.connection.sock.getpeername()
    assert service.base_url in repr(service)
    assert DEMO_API_KEY not in repr(service)
    service.close()
    service.close()
    assert caller.connection.sock.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
    with pytest.raises(RuntimeError, match="not running"):
        _ = service.base_url
    assert "not running" in repr(service)
    with service:
        assert Caller(service).get(LOOKS)["data"][0]["id"] == look_id


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"looks": 100_001}, "looks must be between 0 and 100,000, not 100001"),
        ({"looks": 61.0}, "looks must be an integer, not 61.0"),
        ({"latency": float("nan")}, "latency must be 0 s or more, not nan"),
        ({"render_time": "1"}, "render_time must be a number, not '1'"),
        ({"error_rate": 1.5}, "error_rate must be 0 to 1, not 1.5"),
        ({"previews": "ftp"}, "previews must be one of data, http, not 'ftp'"),
        ({"api_key": ""}, "api_key must not be empty"),
    ],
)
def test_an_invalid_option_is_refused_with_its_value(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises((ValueError, TypeError), match=words):
        DemoService(**arguments)


def test_the_error_rate_fails_a_share_of_api_requests_and_the_seed_decides_which() -> None:
    found = []
    for seed in (3, 3, 4):
        with DemoService(looks=20, seed=seed, error_rate=0.3, previews="http") as service:
            caller = Caller(service)
            found.append([caller.call("GET", LOOKS).status for _ in range(60)])
            service.error_rate = 1
            assert caller.call("GET", LOOKS).error == (503, "internal_error", None)
            assert caller.post("/v3/video-agents", {"prompt": "An ad"}).error == (503, "internal_error", None)
            assert len(service.accepted) == 0
            assert caller.call("GET", LOOKS, headers={}).status == 401
            assert caller.call("GET", "/media.webp").status == 404, "media are not affected"
    assert found[0] == found[1] != found[2]
    assert {*found[0]} == {200, 503}
    assert 6 < found[0].count(503) < 30


def upload(caller: Caller, name: str, content: bytes, field: str = "file") -> Answer:
    note = '--b\r\nContent-Disposition: form-data; name="note"\r\n\r\nHello\r\n'
    head = f'--b\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'
    headers = {"X-Api-Key": DEMO_API_KEY, "Content-Type": "multipart/form-data; boundary=b"}
    return caller.call("POST", "/v3/assets", headers, f"{note}{head}".encode() + content + b"\r\n--b--\r\n")


def test_files_of_some_types_up_to_32_mib_can_be_uploaded(caller: Caller) -> None:
    wav, mp4, most = b"RIFF\0\0\n\0WAVE", bytes(4) + b"ftypmp42", 32 * 2**20
    png, jpeg, mp3 = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"ID3\x04"
    for kind, content in {
        **{"image/png": png, "image/jpeg": jpeg, "video/mp4": mp4, "video/webm": b"\x1aE\xdf\xa3"},
        **{"audio/mpeg": mp3, "audio/wav": wav, "application/pdf": b"%PDF-1.7", "application/x-subrip": b"1\r\n\r\n"},
    }.items():
        data = upload(caller, "A.SRT", content).json["data"]
        assert (data["mime_type"], data["size_bytes"]) == (kind, len(content))
    invalid = (400, "invalid_parameter", "file")
    for name, content, field in (("a.gif", b"GIF89a", "file"), ("a.png", b"", "file"), ("a.png", png, "other")):
        assert upload(caller, name, content, field).error == invalid
    assert upload(caller, "a", png.ljust(most)).json["data"]["size_bytes"] == most
    for size in (most + 1, 2 * most):
        assert upload(caller, "a", png.ljust(size)).error == (413, "payload_too_large", None)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "heygen_widgets", "demo", "--looks", "5", *arguments]


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent as a POSIX signal")
def test_the_command_serves_until_ctrl_c_and_shows_how_to_try_it() -> None:
    with subprocess.Popen(command("--port", "0"), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        base_url = lines[0].split()[-1]
        assert DEMO_API_KEY in lines[1]
        assert f"{base_url}/v3/avatars/looks" in lines[2]
        connection = http.client.HTTPConnection(urlsplit(base_url).netloc)
        connection.request("GET", LOOKS, headers={"X-Api-Key": DEMO_API_KEY})
        assert connection.getresponse().status == 200
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()


@pytest.mark.parametrize("option", [("--port", "99999"), ("--port", "used"), ("--looks", "-1"), ("--error-rate", "-1")])
def test_the_command_refuses_a_wrong_value_without_a_traceback(service: DemoService, option: tuple[str, str]) -> None:
    value = option[1].replace("used", str(urlsplit(service.base_url).port))
    run = subprocess.run(command(option[0], value), capture_output=True, text=True)
    assert run.returncode == 2
    assert value in run.stderr
    assert "Traceback" not in run.stderr
