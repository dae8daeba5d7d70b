"""Where the key comes from, in the order HeyGen's own command-line client uses. Nothing is ever written.

A traceback may print local variables, so a secret is a `Secret` wherever it lives longer than an expression, and the
functions that hold text of the credentials file return the problem they met instead of raising it.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, NoReturn, SupportsIndex

from ..errors import MissingAPIKeyError

_LARGEST_FILE = 2**20  # bytes
_EXPIRY_SLACK = timedelta(seconds=60)


class Secret(str):
    """A string whose `repr` hides it, also inside dictionaries of headers and dumps of local variables.

    It refuses to be pickled, and so does all that holds it, such as a request that a hook of the user's has kept.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError("A key of HeyGen's is not pickled, and so nothing that holds one is.")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self


class Credential(NamedTuple):
    """What a request is signed with.

    Attributes
    ----------
    secret : Secret
        An API key, or an OAuth access token.
    source : str
        Where it came from, in words that fit into a message.
    is_token : bool
        Whether it is an OAuth access token.
    expires_at : datetime or None
        When a token ends; None when that is unknown.
    user : str
        For a token, a digest of whom the file names beside it; "" when it names nobody.
    """

    secret: Secret
    source: str
    is_token: bool = False
    expires_at: datetime | None = None
    user: str = ""

    @property
    def account(self) -> str:
        """A digest that tells accounts apart and nothing else; "" where a token does not tell whose it is.

        A key is the account. A token is not, since it changes while the user stays the same.
        """
        return self.user if self.is_token else digest(self.secret)

    @property
    def expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= datetime.now(UTC) + _EXPIRY_SLACK

    def renewed(self) -> Credential:
        """Give itself while it is valid, else what the credentials file holds by now.

        Raises
        ------
        MissingAPIKeyError
            When the token has expired and the file has no other.
        """
        return (from_file() or _nothing_found()) if self.expired else self


def digest(secret: str) -> str:
    """Give 32 hexadecimal digits that are the same for the same secret, and lead to nothing else."""
    return hashlib.blake2b(secret.encode(), digest_size=16, person=b"heygen_widgets").hexdigest()


def find(api_key: Secret | None = None) -> Credential:
    """Find the key: the argument, else ``HEYGEN_API_KEY``, else the credentials file.

    Raises
    ------
    MissingAPIKeyError
        When there is none, or the first one found cannot be a key.
    """
    if api_key is not None:
        return _checked(api_key, "the api_key argument")
    return from_environment() or from_file() or _nothing_found()


def from_environment() -> Credential | None:
    """Take the key from ``HEYGEN_API_KEY``; None when that is not set or blank."""
    key = Secret(os.environ.get("HEYGEN_API_KEY", "").strip())
    return _checked(key, "the environment variable HEYGEN_API_KEY") if key else None


def from_file() -> Credential | None:
    """Take the key, or the OAuth token, from the credentials file; None when there is no such file.

    Raises
    ------
    MissingAPIKeyError
        When the file is there and gives nothing usable. Names the file, never its content.
    """
    path = credentials_path()
    found = _read_credential(path)
    if isinstance(found, Credential) and found.expired:
        # HeyGen's own client may be renewing the token at this moment.
        found = _read_credential(path)
    if isinstance(found, Credential) and found.expired:
        found = (
            "holds an OAuth token that has expired: run `heygen auth status` to refresh it, else `heygen auth login`"
        )
    if isinstance(found, str):
        raise MissingAPIKeyError(f"The credentials file {path} {found}.")
    return found


def credentials_path() -> str:
    """Name the credentials file: ``credentials`` in ``HEYGEN_CONFIG_DIR``, or in ``~/.heygen`` when that is not set."""
    folder = os.environ.get("HEYGEN_CONFIG_DIR") or "~/.heygen"
    return os.path.join(os.path.expanduser(folder), "credentials")


def _nothing_found() -> NoReturn:
    raise MissingAPIKeyError(
        "No HeyGen API key was found: set the environment variable HEYGEN_API_KEY, pass api_key=…, or run "
        f"`heygen auth login`, which writes {credentials_path()}. To try without one, use demo_client()."
    )


def _checked(key: Secret, source: str) -> Credential:
    key = Secret(key.strip())
    problem = _problem_with(key)
    if problem:
        raise MissingAPIKeyError(f"The key from {source} {problem}: copy it again from HeyGen's settings.")
    return Credential(key, source)


def _problem_with(key: str) -> str:
    if not key:
        return "is empty"
    # The key becomes a header, and what no header can hold would come back inside another library's error text.
    if any(not "!" <= character <= "~" for character in key):
        return "contains white space or characters that no key has"
    return ""


def _read_credential(path: str) -> Credential | str | None:
    """Read the file: what it holds, or what is wrong with it, or None when there is none."""
    try:
        # A named pipe would keep us waiting for ever.
        if not stat.S_ISREG(os.stat(path).st_mode):
            return "is not a regular file"
        with open(path, "rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except FileNotFoundError:
        return None
    except OSError as exc:
        return f"cannot be read ({exc.strerror or type(exc).__name__})"
    if len(content) > _LARGEST_FILE:
        return f"is larger than {_LARGEST_FILE} bytes"
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        return "is not UTF-8 text"
    if not text:
        return "is empty"
    source = f"the file {path}"
    if text[0] not in '{["':
        return _problem_with(text) or Credential(Secret(text), source)
    return _parse_credential(text, source)


def _parse_credential(text: str, source: str) -> Credential | str:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return "is not valid JSON"
    if not isinstance(content, dict):
        return "holds no JSON object"
    key = _string(content, "api_key")
    if key:
        return _problem_with(key) or Credential(Secret(key), source)
    oauth = content.get("oauth")
    token = _string(oauth, "access_token")
    if token:
        expires_at = _moment(_string(oauth, "expires_at"))
        return _problem_with(token) or Credential(Secret(token), source, True, expires_at, _user(content.get("user")))
    return "holds neither an API key nor an OAuth token: run `heygen auth login`"


def _user(user: object) -> str:
    return digest(json.dumps(user, sort_keys=True)) if user and isinstance(user, dict) else ""


def _string(content: object, name: str) -> str:
    value = content.get(name) if isinstance(content, dict) else None
    return value.strip() if isinstance(value, str) else ""


def _moment(text: str) -> datetime | None:
    """Read an RFC 3339 time; None for anything else, which counts as valid, as it does for HeyGen's own client."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
