"""Videos as values: requests that are checked before they are sent, what a look allows, and records; no HTTP."""

from .checks import VideoOptionWarning
from .options import VideoOption, VideoOptions
from .records import Video, VideoAgentSession
from .requests import Background, Caption, VideoAgentRequest, VideoRequest, VoiceSettings

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
