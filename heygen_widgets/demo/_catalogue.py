"""A synthetic catalogue of avatar groups and looks in the shape of the real one, the same for the same seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from itertools import cycle, zip_longest

from ._people import Person, make_person
from ._scenes import SCENES

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

MAX_LOOKS = 100_000
"""Largest catalogue, in looks."""

FILMED = {True: 14, False: 10}
"""Private and public groups whose first look is the same in every catalogue: there is a clip of it."""

_EXAMPLE_PERSON = 2
"""Whom the example looks like: one of the first public people."""

_FILMED_SIZES = ((1920, 1080), (1080, 1920), (1920, 1080), (720, 720))

_BLANK_CYCLE = 401
"""Looks in one cycle of blanks: a prime, so any step visits each place once."""

# The field that is null, or with a "-" missing, at some places of a cycle.
_LOOK_BLANKS = dict(enumerate([*OPTIONAL_LOOK_FIELDS, *(f"-{name}" for name in OPTIONAL_LOOK_FIELDS)]))
_GROUP_BLANKS = dict(enumerate([*OPTIONAL_GROUP_FIELDS, *(f"-{name}" for name in OPTIONAL_GROUP_FIELDS)]))


@dataclass(slots=True)
class Group:
    """One avatar group: a person and their looks, in the order in which they are listed."""

    id: str
    person: Person
    name: str
    private: bool
    gender: str | None
    created_at: int
    voice_id: str
    consent_status: str | None
    status: str | None
    blank: str
    looks: list[Look] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Look:
    """One look, kept small: its JSON and its pictures are made on request.

    `blank` is "" or the name of an optional field that is null, or, with a leading "-", missing. `paint` holds the
    random bits that choose clothes, pose and background. `filmed` says whether there is a clip of the picture.
    """

    id: str
    name: str
    avatar_type: str
    group: Group
    gender: str | None
    tags: tuple[str, ...]
    engines: tuple[str, ...]
    status: str | None
    error: tuple[str, str] | None
    width: int
    height: int
    orientation: str
    scene: str
    paint: int
    has_voice: bool
    filmed: bool
    blank: str


class Catalogue:
    """All groups and looks of one stand-in, and the lists of them that a query selects.

    Parameters
    ----------
    looks : int
        Exact number of looks, 0 to 100,000.
    seed : int, default 0
        The same seed and number give the same catalogue, in every process.

    Raises
    ------
    ValueError
        When `looks` is outside 0 to 100,000.

    Attributes
    ----------
    groups : list of Group
    looks : list of Look
        In the order in which they are listed.
    example : Group
        The character of the examples in the service's documentation: found by its id, and in no list.

    Notes
    -----
    A few looks have no `group_id`. They still belong to a group: its `looks_count` includes them, and listing the
    group's looks finds them.
    """

    def __init__(self, looks: int, *, seed: int = 0) -> None:
        if not 0 <= looks <= MAX_LOOKS:
            raise ValueError(f"looks must be between 0 and {MAX_LOOKS:,}, not {looks!r}")
        self.seed = seed
        self.groups: list[Group] = make_groups(looks, random.Random(seed))
        self.looks: list[Look] = _listed(self.groups)
        self.example = make_example()
        self._look_by_id = {look.id: look for look in [*self.looks, *self.example.looks]}
        self._group_by_id = {group.id: group for group in [*self.groups, self.example]}
        self._looks_by_query: dict[tuple[str | None, str | None], list[Look]] = {(None, None): self.looks}
        self._groups_by_ownership: dict[str | None, list[Group]] = {None: self.groups}

    def look(self, look_id: str) -> Look | None:
        """Return the look with this id, or None."""
        return self._look_by_id.get(look_id)

    def group(self, group_id: str) -> Group | None:
        """Return the group with this id, or None."""
        return self._group_by_id.get(group_id)

    def select_looks(
        self, *, group_id: str | None = None, avatar_type: str | None = None, ownership: str | None = None
    ) -> list[Look]:
        """Return the looks that pass all filters, in listing order; none for an unknown group. It is read-only."""
        if group_id is None:
            query = (avatar_type, ownership)
            if query not in self._looks_by_query:
                self._looks_by_query[query] = _matching(self.looks, avatar_type, ownership)
            return self._looks_by_query[query]
        group = self._group_by_id.get(group_id)
        return _matching(group.looks, avatar_type, ownership) if group else []

    def select_groups(self, *, ownership: str | None = None) -> list[Group]:
        """Return the groups with this ownership, or all. Don't change the list."""
        if ownership not in self._groups_by_ownership:
            private = ownership == "private"
            self._groups_by_ownership[ownership] = [group for group in self.groups if group.private == private]
        return self._groups_by_ownership[ownership]


def _matching(looks: list[Look], avatar_type: str | None, ownership: str | None) -> list[Look]:
    private = ownership == "private"
    return [
        look
        for look in looks
        if (avatar_type is None or look.avatar_type == avatar_type)
        and (ownership is None or look.group.private == private)
    ]


def _listed(groups: list[Group]) -> list[Look]:
    """Return all looks: public ones group by group, private ones, at their places, in turn from each group.

    So a page of public looks shows few people, as in the real catalogue, and one of private looks shows many.
    """
    private = [group.looks for group in groups if group.private]
    in_turn = iter([look for turn in zip_longest(*private) for look in turn if look is not None])
    return [next(in_turn) if group.private else look for group in groups for look in group.looks]


def make_groups(looks: int, rng: random.Random) -> list[Group]:
    """Make groups with exactly `looks` looks in total, private groups among the public ones."""
    private_looks = min(max(looks // 50, 40), looks // 4)
    sizes = [(size, False) for size in _public_sizes(looks - private_looks, rng)]
    for size in _private_sizes(private_looks, rng):
        sizes.insert(rng.randint(min(3, len(sizes)), len(sizes)), (size, True))
    counts = {"studio_avatar": 0, "digital_twin": 0, "photo_avatar": 0}
    numbers: dict[str, int] = {}
    made = 0
    shift = rng.randrange(_BLANK_CYCLE)
    groups: list[Group] = []
    people = {False: 0, True: 0}
    for position, (size, private) in enumerate(sizes):
        group = _make_group(position, people[private], private, rng)
        avatar_type = _choose_type(counts, size, private)
        _fill_group(group, size, avatar_type, rng, numbers)
        if people[private] < FILMED[private]:
            _make_filmed(group.looks[0], people[private])
        people[private] += 1
        for look in group.looks:
            blank = _LOOK_BLANKS.get((made * 173 + shift) % _BLANK_CYCLE, "")
            look.blank = "" if look.filmed or (private and blank.lstrip("-") in ("status", "error")) else blank
            made += 1
        groups.append(group)
    _give_statuses([look for look in _listed(groups) if look.group.private], rng)
    return groups


def make_example() -> Group:
    """Make the character of the examples in the service's documentation, with one look of which there is a clip."""
    rng = random.Random(_EXAMPLE_PERSON)
    group = _make_group(0, _EXAMPLE_PERSON, False, rng)
    _fill_group(group, 1, "photo_avatar", rng, {})
    group.id, group.name, group.voice_id = "group_abc123", "Monica", "voice_xyz789"
    group.gender, group.status, group.blank = "female", "completed", ""
    group.person = replace(group.person, first=group.name)
    look = group.looks[0]
    _make_filmed(look, _EXAMPLE_PERSON)
    look.id, look.name, look.gender, look.status = "look_def456", "Monica - Business Casual", "female", "completed"
    look.tags, look.engines = ("business", "casual", "female"), ("avatar_4_quality", "avatar_4_turbo")
    look.has_voice = True
    return group


def _public_sizes(looks: int, rng: random.Random) -> list[int]:
    """Draw group sizes from 1 to 400 with a long tail, mean about 18, that add up to `looks`.

    The first three have medium sizes: the first page of 50 looks shows about three people.
    """
    largest = min(400, max(30, looks // 8))
    sizes: list[int] = []
    left = looks
    while left > 0:
        if len(sizes) < 3:
            size = (19, 16, 24)[len(sizes)]
        elif len(sizes) == 12 and largest == 400:
            size = largest
        else:
            size = max(1, round(rng.lognormvariate(1.93, 1.4)))
        size = min(size, largest, left)
        sizes.append(size)
        left -= size
    return sizes


def _private_sizes(looks: int, rng: random.Random) -> list[int]:
    sizes: list[int] = []
    while looks > 0:
        size = min(looks, rng.choice((1, 2, 2, 3, 3, 4) if sum(sizes) < 40 else (1, 2, 4, 9, 15, 30)))
        sizes.append(size)
        looks -= size
    return sizes


def _choose_type(counts: dict[str, int], size: int, private: bool) -> str:
    """Choose the avatar type of a group, so that the shares of looks match the real catalogue, and count its looks."""
    total = sum(counts.values()) + size
    chosen = "photo_avatar"
    for avatar_type, share in (("studio_avatar", 0.012), ("digital_twin", 0.188)):
        lacking = share * total - counts[avatar_type]
        if lacking >= size / 2 and not (private and avatar_type == "studio_avatar"):
            chosen = avatar_type
            break
    counts[chosen] += size
    return chosen


def _make_group(position: int, number: int, private: bool, rng: random.Random) -> Group:
    person = make_person(random.Random(f"{private} {number}") if number < FILMED[private] else rng, number)
    return Group(
        id=f"{rng.getrandbits(128):032x}",
        person=person,
        name=f"{person.first} {person.family}" if rng.random() < 0.5 else person.first,
        private=private,
        gender=rng.choice(GENDERS[person.woman]),
        created_at=1_690_000_000 + rng.randrange(90_000_000),
        voice_id=f"{rng.getrandbits(128):032x}",
        consent_status=rng.choice(("accepted", "accepted", "pending", None)) if private else None,
        status="completed" if private or rng.random() < 0.1 else None,
        blank=_GROUP_BLANKS.get(position * 12 % 37, ""),
    )


def _fill_group(group: Group, size: int, avatar_type: str, rng: random.Random, numbers: dict[str, int]) -> None:
    """Add `size` looks; `numbers` counts the named ids so far."""
    person = group.person
    scenes = rng.sample(SCENES, min(len(SCENES), 3 + size // 4))
    taken: dict[str, int] = {}
    named = bool(person.plain_name) and not group.private and (avatar_type == "studio_avatar" or rng.random() < 0.25)
    photo = avatar_type == "photo_avatar"
    sizes = PRIVATE_PHOTO_SIZES if group.private and photo else SIZES[avatar_type]
    engines, genders = ENGINES[avatar_type], GENDERS[person.woman]
    for _ in range(size):
        bits = rng.getrandbits(64)
        scene = scenes[bits % len(scenes)]
        number = taken[scene] = taken.get(scene, 0) + 1
        if named:
            serial = numbers[person.plain_name] = numbers.get(person.plain_name, 0) + 1
            look_id = f"{person.plain_name}_public_{serial}"
        else:
            look_id = f"{rng.getrandbits(128):032x}"
        width, height = sizes[(bits >> 8) % len(sizes)]
        gender = genders[(bits >> 16) % len(genders)] if bits >> 24 & 31 == 0 else group.gender
        look = Look(
            id=look_id,
            name=_look_name(person.first, scene, number, bits >> 32 & 255),
            avatar_type=avatar_type,
            group=group,
            gender=gender,
            tags=TAGS[(bits >> 29) % len(TAGS)],
            engines=engines[(bits >> 40) % len(engines)],
            status="completed" if bits >> 48 & 31 == 0 else None,
            error=None,
            width=width,
            height=height,
            orientation=_orientation(width, height),
            scene=scene,
            paint=bits >> 12,
            has_voice=bits >> 53 & 15 != 0,
            filmed=False,
            blank="",
        )
        group.looks.append(look)


def _make_filmed(look: Look, number: int) -> None:
    """Give a look the picture of a clip: always the same one for a person's number."""
    rng = random.Random(number)
    look.scene = SCENES[(number * 5 + look.group.private) % len(SCENES)]
    look.name = _look_name(look.group.person.first, look.scene, 1, 255)
    look.paint = rng.getrandbits(52)
    look.width, look.height = _FILMED_SIZES[number % len(_FILMED_SIZES)]
    look.orientation = _orientation(look.width, look.height)
    look.filmed = True


def _look_name(first: str, scene: str, number: int, oddity: int) -> str:
    name = f"{first} {scene} {number}"
    if oddity < 4:
        return (f" {name}", f"{name} ", f"{first}  {scene} {number}", f" {name}  ")[oddity]
    return f"{name} {EMOJI[scene]}" if oddity < 14 and scene in EMOJI else name


def _orientation(width: int, height: int) -> str:
    """Return the orientation that the service serves: wrong for nearly square looks, as in the real one."""
    if width == height:
        return "square"
    wide = width > height
    if max(width, height) < 1.1 * min(width, height):
        wide = not wide
    return "landscape" if wide else "portrait"


def _give_statuses(private: list[Look], rng: random.Random) -> None:
    """Give private looks their status: most are completed, one in ten cannot be used, and each status occurs."""
    unusable = cycle(STATUSES[1:])
    for place, look in enumerate(reversed(private)):
        look.status = next(unusable) if place in (0, 2) or place % 12 == 4 else STATUSES[0]
        look.filmed = look.filmed and look.status == "completed"
        if look.status == "failed":
            look.error = rng.choice(FAILURES)
