"""Videos as values: requests that are checked before they are sent, what a look allows, and records; no HTTP."""

from .checks import VideoOptionWarning
from .options import VideoOption, VideoOptions
from .records import AgentMessage, Asset, BrandKit, Video, VideoAgentSession, VideoAgentStyle
from .requests import Background, Caption, VideoAgentRequest, VideoRequest, VoiceSettings

__all__ = ["VideoOption", "VideoOptionWarning", "VideoOptions"]
__all__ += ["AgentMessage", "Asset", "BrandKit", "Video", "VideoAgentSession", "VideoAgentStyle"]
__all__ += ["Background", "Caption", "VideoAgentRequest", "VideoRequest", "VoiceSettings"]
