"""The words, sizes and shares of the synthetic catalogue."""

from __future__ import annotations

AVATAR_TYPES = ("photo_avatar", "digital_twin", "studio_avatar")
OWNERSHIPS = ("public", "private")

OPTIONAL_LOOK_FIELDS = (
    "group_id",
    "gender",
    "preview_image_url",
    "preview_video_url",
    "default_voice_id",
    "tags",
    "supported_api_engines",
    "status",
    "image_width",
    "image_height",
    "preferred_orientation",
    "error",
)
OPTIONAL_GROUP_FIELDS = (
    "gender",
    "preview_image_url",
    "preview_video_url",
    "default_voice_id",
    "consent_status",
    "status",
    "error",
)

EMOJI = {"Garden": "🌿", "Beach": "🏖️", "Café": "☕", "Podcast": "🎙️", "Autumn": "🍂", "Studio": "✨"}

SIZES = {
    "photo_avatar": (
        *(((1920, 1080),) * 18 + ((1280, 720),) * 3 + ((1080, 1920),) * 3 + ((720, 1280),) * 2),
        *((1024, 1024), (1024, 1024), (896, 1152), (1344, 768), (1000, 1040), (1040, 1000)),
    ),
    "digital_twin": (*(((1920, 1080),) * 8 + ((1080, 1920),) * 5 + ((1280, 720),) * 3), (720, 720), (1440, 1080)),
    "studio_avatar": ((1920, 1080), (1920, 1080), (1280, 720), (720, 720)),
}
PRIVATE_PHOTO_SIZES = ((2143, 3840), (1536, 2048), (3024, 3024), (1280, 720), (720, 1280), (1024, 960))

ENGINES: dict[str, tuple[tuple[str, ...], ...]] = {
    "photo_avatar": (
        *((("avatar_iv",),) * 5 + (("avatar_v", "avatar_iv"),) * 4 + (("avatar_iv", "avatar_iii"),) * 3),
        *(("avatar_v", "avatar_iv", "avatar_iii"), ("avatar_4_quality", "avatar_iv"), ("avatar_4_quality",), ()),
    ),
    "digital_twin": (
        *((("avatar_v", "avatar_iv", "avatar_iii"),) * 5 + (("avatar_iv", "avatar_iii"),) * 4),
        *(("avatar_iii",), ("avatar_iii",), ("avatar_v",), ()),
    ),
    "studio_avatar": (("avatar_iii",), ("avatar_iii",), ("avatar_iv", "avatar_iii"), ()),
}

TAGS: tuple[tuple[str, ...], ...] = (
    *((),) * 16,
    *(("business",), ("lifestyle",), ("UGC",), ("casual", "outdoor"), ("business", "new"), ("education",)),
)
GENDERS = {
    True: ("female",) * 24 + ("Woman",) * 3 + ("Unspecified", "unknown", None),
    False: ("male",) * 24 + ("Man",) * 3 + ("Unspecified", "unknown", None),
}
STATUSES = ("completed", "processing", "pending_consent", "failed")
FAILURES = (
    ("face_not_detected", "No face was found in the photo. Upload one in which the face is well lit."),
    ("moderation_failed", "The material was refused by moderation."),
    ("training_failed", "Training did not finish. Try again with a longer recording."),
)
