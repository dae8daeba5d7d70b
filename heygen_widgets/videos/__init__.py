"""Videos as values: requests checked before they are sent, what a look allows, and records of the results; no HTTP.

    request = VideoRequest(avatar_id=look.id, script="Welcome!", engine="avatar_v")
    request = request.check(look)  # raises an error that lists every problem

Source: ``POST /v3/videos`` and ``POST /v3/video-agents``.
"""

from .options import VideoOption, VideoOptions
from .records import Video, VideoAgentSession
from .requests import (
    Background,
    Caption,
    VideoAgentRequest,
    VideoOptionWarning,
    VideoRequest,
    VoiceSettings,
)

__all__ = [
    "Background",
    "Caption",
    "Video",
    "VideoAgentRequest",
    "VideoAgentSession",
    "VideoOption",
    "VideoOptionWarning",
    "VideoOptions",
    "VideoRequest",
    "VoiceSettings",
]
