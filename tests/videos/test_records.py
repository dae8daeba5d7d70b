"""Records of videos and agent sessions, read from what the service sends."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_fuzz import values

from heygen_widgets.errors import APIResponseError
from heygen_widgets.videos import Video, VideoAgentSession

SERVED: dict[str, Any] = {
    **{"id": "video_1", "status": "completed", "video_page_url": "https://app.example/videos/video_1"},
    **{"video_url": "https://files.example/v.mp4?Signature=secret", "thumbnail_url": "https://f.example/?s=secret"},
    **{"duration": 12.5, "title": "Ad", "created_at": 1_750_000_000, "output_format": "mp4", "folder_id": "f"},
}


def test_a_video_keeps_unknown_fields_and_its_repr_hides_signed_urls() -> None:
    video = Video.from_json(SERVED)
    assert (video.id, video.status, video.duration, video.title) == ("video_1", "completed", 12.5, "Ad")
    assert (video.video_url, video.extra) == (SERVED["video_url"], {"folder_id": "f"})
    assert "secret" not in repr(video)
    assert len(repr(Video.from_json({"id": "i" * 10**6, "status": "s" * 10**6}))) < 1_000


@pytest.mark.parametrize(
    ("served", "status", "is_finished"),
    [
        ("waiting", "pending", False),
        ("processing", "processing", False),
        ("something_new", "something_new", False),
        (None, "pending", False),
        ("completed", "completed", True),
        ("failed", "failed", True),
    ],
)
def test_the_status_of_a_video_says_whether_it_is_finished(served: str | None, status: str, is_finished: bool) -> None:
    video = Video.from_json({"video_id": "video_1", "status": served})
    assert (video.id, video.status, video.is_finished) == ("video_1", status, is_finished)
    assert video == Video.from_json({"id": None, "video_id": "video_1", "status": served})
    assert video.extra == {}


@pytest.mark.parametrize(
    ("messages", "question"),
    [
        ([{"role": "user", "content": "Hi"}, {"role": "model", "content": "Which?"}, {"role": "model"}], "Which?"),
        ([{"role": "user", "content": "Hi"}, "Hi"], None),
        ([], None),
        (None, None),
    ],
)
def test_the_question_of_an_agent_is_its_newest_message_while_it_waits(messages: Any, question: str | None) -> None:
    record = {"session_id": "s", "status": "waiting_for_input", "progress": 30, "messages": messages}
    session = VideoAgentSession.from_json(record)
    assert (session.question, session.progress, session.is_finished) == (question, 30, False)
    assert VideoAgentSession.from_json({**record, "status": "thinking"}).question is None


names = st.sampled_from([*SERVED, "video_id", "session_id", "progress", "messages", "gender", "new"])


@given(st.sampled_from([Video, VideoAgentSession]), st.dictionaries(names, values) | values)
def test_any_json_is_a_clean_record_or_our_error(kind: type[Video] | type[VideoAgentSession], served: Any) -> None:
    try:
        record = kind.from_json(served)
    except APIResponseError:
        return
    json.dumps([getattr(record, name) for name in kind.__dataclass_fields__], allow_nan=False).encode()
    assert isinstance(hash(record), int)
