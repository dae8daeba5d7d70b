"""A small client that knows nothing but HTTP, and checks every answer of the API against its schema."""

import http.client
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from jsonschema import Draft202012Validator

from heygen_widgets.demo import DemoService

CONTRACT = Path(__file__).parents[1] / "contract"
SCHEMA = json.loads((CONTRACT / "answers.schema.json").read_text(encoding="utf-8"))
# What an answer holds, one or a list of, by the form of its request. The first form that fits counts.
KINDS = {
    **{"GET /v3/avatars/looks": "look", "GET /v3/avatars/looks/.+": "look", "GET /v3/avatars(/.+)?": "group"},
    **{"GET /v3/voices": "listed_voice", "GET /v3/voices/.+": "voice", "GET /v3/users/me": "account"},
    **{"GET /v3/videos(/.+)?": "video", "POST /v3/videos": "started_video", "POST /v3/assets": "asset"},
    **{"GET /v3/video-agents/styles": "style", "GET /v3/brand-kits": "brand_kit"},
    **{"POST /v3/video-agents": "started_session", "GET /v3/video-agents/.+": "session"},
    "POST /v3/video-agents/.+": "answered",
}


@cache
def validator(kind: str) -> Draft202012Validator:
    return Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{kind}"})


def check(request: str, status: int, content: Any) -> None:
    """Check an answer of the API against the schema of its kind."""
    if status != 200:
        validator("error").validate(content)
        return
    kind = next(kind for form, kind in KINDS.items() if re.fullmatch(form, request.partition("?")[0]))
    is_list = isinstance(content["data"], list)
    validator("list" if is_list else "one").validate(content)
    for record in content["data"] if is_list else [content["data"]]:
        validator(kind).validate(record)


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of one answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"].startswith("application/json")
        return json.loads(self.body)

    @property
    def error(self) -> tuple[int, str, str | None]:
        error = self.json["error"]
        assert error["message"]
        return self.status, error["code"], error.get("param")


class Caller:
    """Calls one stand-in, over one connection that is kept open."""

    def __init__(self, service: DemoService) -> None:
        self.service = service
        self.connection = http.client.HTTPConnection(urlsplit(service.base_url).netloc)

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
        if headers is None:
            headers = {"X-Api-Key": self.service.api_key}
        self.connection.request(method, path, body=body, headers=headers)
        response = self.connection.getresponse()
        answer = Answer(response.status, response.headers, response.read())
        if answer.body and (path.startswith("/v3/") or answer.status >= 400):
            check(f"{method} {path}", answer.status, answer.json)
        return answer

    def get(self, path: str, **query: str | int) -> Any:
        """The body of an answer that has to be a success."""
        answer = self.call("GET", f"{path}?{urlencode(query)}" if query else path)
        assert answer.status == 200, answer.body
        return answer.json

    def post(self, path: str, body: object, **headers: str) -> Answer:
        sent = {"X-Api-Key": self.service.api_key, **{name.replace("_", "-"): text for name, text in headers.items()}}
        return self.call("POST", path, sent, json.dumps(body).encode())

    def fetch(self, url: str, **headers: str) -> Answer:
        """What a browser gets from a preview URL: no key is sent."""
        assert url.startswith(self.service.base_url)
        return self.call("GET", url.removeprefix(self.service.base_url), headers=headers)

    def every(self, path: str, limit: int = 50, **query: str | int) -> list[dict[str, Any]]:
        """All records of a list, page after page."""
        records: list[dict[str, Any]] = []
        page = self.get(path, limit=limit, **query)
        while True:
            records += page["data"]
            if not page["has_more"]:
                assert page["next_token"] is None
                return records
            page = self.get(path, limit=limit, token=page["next_token"], **query)
