"""Where the API key comes from, in the order of HeyGen's own command-line client. Nothing is ever written.

Verbose tracebacks show local variables. So the key is a `Secret` outside short expressions, and functions that hold the
text of the credentials file return a problem in words; only callers without that text raise it.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, NoReturn, SupportsIndex

from ..errors import MissingAPIKeyError

_QUOTES = "\"'`“”„‘’‚«»"


class Secret:
    """Text that does not show in a `repr`, a JSON dump or a list of attributes; `reveal` returns it."""

    __slots__ = ("reveal",)

    def __init__(self, text: str) -> None:
        # An attribute with the text would show in the list of an object's members; a closure does not.
        self.reveal: Callable[[], str] = lambda: text

    def __repr__(self) -> str:
        return "<hidden>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("A HeyGen API key is not pickled, and neither is an object that holds one.")

    def redact(self, text: str) -> str:
        """Replace the secret in a text: in any case, since host names are lower-cased, percent-encoded, not padded."""
        start = self.reveal().rstrip("=") or "="
        signs = (f"(?:{re.escape(sign)}|%(?:25)*{ord(sign):x})" for sign in start)
        return re.sub("".join(signs) + "(?:=|%(?:25)*3d)*", "[the key]", text, flags=re.IGNORECASE)

    def redacted(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        """Redact all texts of a JSON value."""
        if isinstance(value, dict):
            return {name: self.redacted(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.redacted(part) for part in value]
        # A shorter key, of a stand-in, may be a part of other words.
        return self.redact(value) if isinstance(value, str) and len(self.reveal()) > 15 else value


class Credential(NamedTuple):
    """An API key or an OAuth access token."""

    secret: Secret
    source: str  # for messages
    is_token: bool = False
    expires_at: datetime | None = None  # None if unknown, which counts as valid, as in HeyGen's own client
    user: str = ""  # a digest of the user beside a token; "" if the file names none

    @property
    def account(self) -> str:
        """A digest that only distinguishes accounts; ``""`` for a token, which changes, of an unnamed user."""
        return self.user if self.is_token else digest(self.secret.reveal())

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= datetime.now(UTC) + timedelta(seconds=60)

    def renewed(self) -> "Credential":
        """Return this credential while it is valid, else the current one of the same user in the credentials file."""
        if not self.expired:
            return self
        found = from_file()
        if found.account != self.account:
            problem = f"The login of this client has expired, and {found.source} now belongs to another account."
            raise MissingAPIKeyError(f"{problem} Make a new HeyGenClient.")
        return found


def digest(secret: str) -> str:
    """Return 32 hexadecimal digits that are the same for the same secret."""
    return hashlib.blake2b(secret.encode(), digest_size=16, person=b"heygen_widgets").hexdigest()


def find(api_key: Secret | None = None) -> Credential:
    """Return the argument, else ``HEYGEN_API_KEY`` if not blank, else the file's key, or raise `MissingAPIKeyError`."""
    __tracebackhide__ = True
    source = "api_key=" if api_key else "HEYGEN_API_KEY"
    key = Secret(_bare(api_key.reveal() if api_key else os.environ.get("HEYGEN_API_KEY", "")))
    if api_key is None and not key.reveal():
        return from_file()
    if problem := _problem_with(key.reveal()):
        raise MissingAPIKeyError(f"The API key (from {source}) {problem}. Copy it again from HeyGen's settings.")
    return Credential(key, source)


def from_file() -> Credential:
    """Read the credentials file. A `MissingAPIKeyError` if there is none, or it has no usable key."""
    path = os.path.expanduser(os.path.join(os.environ.get("HEYGEN_CONFIG_DIR") or "~/.heygen", "credentials"))
    found = _read_credential(path)
    if found is None:
        ways = "Set the environment variable HEYGEN_API_KEY, run `heygen auth login`, or use HeyGenClient(api_key=…)."
        hint = f"To try without a key, use client_or_demo(). There is no file {path}."
        raise MissingAPIKeyError(f"No HeyGen API key was found. {ways}\n{hint}")
    if isinstance(found, Credential) and found.expired:
        found = "holds an expired OAuth token: run `heygen auth status` to refresh it, else `heygen auth login`"
    if isinstance(found, str):
        raise MissingAPIKeyError(f"The credentials file {path} {found}.")
    return found


def _bare(key: str) -> str:
    """Remove white space and quotes around a key."""
    return key.strip().strip(_QUOTES).strip()


def _problem_with(key: str) -> str:
    # The key becomes a header. An invalid header would appear in the error text of another library.
    return "" if re.fullmatch("[!-~]+", key) else "is empty, or contains white space or characters that no key has"


def _read_credential(path: str) -> Credential | str | None:
    """Read the file: its credential, or what is wrong with it, or None if it does not exist."""
    source = f"the file {path}"
    try:
        with open(path, encoding="utf-8-sig") as file:
            text = _bare(file.read())
        if not text.startswith(("{", "[")):
            return _problem_with(text) or Credential(Secret(text), source)
        content = json.loads(text)
    except FileNotFoundError:
        return None
    except OSError as exc:
        return f"cannot be read ({exc.strerror})"
    except (ValueError, RecursionError):
        return "is neither a key in UTF-8 nor valid JSON"
    if not isinstance(content, dict):
        return "holds no JSON object"
    if key := _string(content, "api_key"):
        return _problem_with(key) or Credential(Secret(key), source)
    oauth, user = content.get("oauth"), content.get("user")
    if token := _string(oauth, "access_token"):
        account = digest(json.dumps(user, sort_keys=True)) if user and isinstance(user, dict) else ""
        expires_at = None
        with suppress(ValueError):
            moment = datetime.fromisoformat(_string(oauth, "expires_at"))  # RFC 3339
            expires_at = moment if moment.tzinfo else None
        return _problem_with(token) or Credential(Secret(token), source, True, expires_at, account)
    return "holds neither an API key nor an OAuth token: run `heygen auth login`"


def _string(content: object, name: str) -> str:
    value = content.get(name) if isinstance(content, dict) else None
    return _bare(value) if isinstance(value, str) else ""
