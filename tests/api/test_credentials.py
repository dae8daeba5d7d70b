"""Where the key is found, and that it shows nowhere."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from loopback import KEY

from heygen_widgets.api.credentials import Secret, find, from_file
from heygen_widgets.errors import MissingAPIKeyError

TOKEN = "oauth-token-0123456789"


def write(folder: Path, content: object) -> Path:
    path = folder / "credentials"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def login(expires_in: float | None = None, **fields: object) -> dict[str, object]:
    if expires_in is not None:
        fields["expires_at"] = (datetime.now(UTC) + timedelta(seconds=expires_in)).isoformat()
    return {"oauth": {"access_token": TOKEN, "refresh_token": "r", **fields}, "user": {"email": "x@example.com"}}


def assert_refused(match: str) -> str:
    with pytest.raises(MissingAPIKeyError, match=match) as caught:
        from_file()
    text = f"{caught.value} {caught.value!r}"
    assert KEY not in text
    assert caught.value.__context__ is None
    return text


def test_a_key_is_found_in_a_text_in_any_case_encoding_and_padding() -> None:
    echoes = ("a+b/c==", "A+B/C", "a%2Bb%2fc%3D%3D", "a%252Bb/c%253D=", "%61+%2562%25252Fc")
    for key, echo in (*(("a+b/c==", echo) for echo in echoes), ("a%b", "a%25b"), ("a.b", "a.b"), ("==", "%3D=")):
        assert Secret(key).redact(f"<{echo}> axb") == "<[the key]> axb"


def test_the_argument_comes_before_the_environment_and_the_environment_before_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(argument: str | None = None) -> tuple[str, str]:
        credential = find(Secret(argument) if argument else None)
        return credential.secret.reveal(), credential.source

    with pytest.raises(MissingAPIKeyError, match=r"HEYGEN_API_KEY.*heygen auth login") as caught:
        find()
    assert str(folder / "credentials") in str(caught.value)
    path = write(folder, {"api_key": "key-of-the-file"})
    for blank in ("", "  \n", '""'):
        monkeypatch.setenv("HEYGEN_API_KEY", blank)
        assert found() == ("key-of-the-file", f"the file {path}")
    monkeypatch.setenv("HEYGEN_API_KEY", "key-of-the-environment\n")
    assert found() == ("key-of-the-environment", "HEYGEN_API_KEY")
    for around in (f"  {KEY}\n", f" '{KEY}'", f'"{KEY}"', f"“ {KEY} ”", f"„{KEY}“", f"`{KEY}`"):
        assert found(around) == (KEY, "api_key=")
        monkeypatch.setenv("HEYGEN_API_KEY", around)
        assert found() == (KEY, "HEYGEN_API_KEY")


@pytest.mark.parametrize(
    "key", ["", "  ", "“a'b”c“ d", "a b", "a\nb", "a\tb", "schlüssel", "a\0b", "a\x7fb", "a\u200bb"]
)
def test_a_key_that_no_header_can_hold_is_not_skipped(key: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, {"api_key": KEY})
    with pytest.raises(MissingAPIKeyError, match="from api_key="):
        find(Secret(key))
    if key.strip() and "\0" not in key:
        monkeypatch.setenv("HEYGEN_API_KEY", key)
        with pytest.raises(MissingAPIKeyError, match="HEYGEN_API_KEY"):
            find()


def test_a_plain_line_is_a_key_and_in_json_the_key_wins_over_the_login(folder: Path) -> None:
    lines = (f"\ufeff{KEY}\r\n".encode(), f'"{KEY}"\n'.encode())
    for content in (*lines, {"api_key": f" '{KEY} ' "}, {"api_key": KEY, **login()}):
        write(folder, content)
        assert (find().secret.reveal(), find().is_token) == (KEY, False)
    for key in (None, "  ", 5):
        write(folder, {"api_key": key, **login()})
        assert (find().secret.reveal(), find().is_token) == (TOKEN, True)


def test_a_login_that_ends_later_or_without_a_readable_expiry_is_valid(folder: Path) -> None:
    unreadable = (None, "", "soon", 5, "2020-01-01", "2020-01-01T00:00:00", ["x"])
    for expires_at in (*unreadable, "2999-07-22T10:00:00.123456789Z", "2999-07-22T10:00:00+02:00"):
        write(folder, login(expires_at=expires_at))
        assert not find().expired
        assert (find().expires_at is None) is (expires_at in unreadable)


@pytest.mark.parametrize("expires_in", [-3600, 0, 50])
def test_a_login_that_ends_within_a_minute_has_expired(folder: Path, expires_in: float) -> None:
    path = write(folder, login(expires_in))
    before = path.read_bytes()
    text = assert_refused("expired")
    for part in (str(path), "heygen auth status", "heygen auth login"):
        assert part in text
    assert TOKEN not in text
    assert (path.read_bytes(), list(folder.iterdir())) == (before, [path])


def test_a_login_that_expires_while_a_client_lives_is_read_again(folder: Path) -> None:
    write(folder, login(90))
    old = from_file()
    assert old is not None
    assert old.renewed() is old
    expired = old._replace(expires_at=datetime.now(UTC))
    write(folder, login(3600))
    renewed = expired.renewed()
    assert (renewed.expired, renewed.account) == (False, old.account)
    for other in ({"api_key": KEY}, {**login(), "user": {"email": "another@example.com"}}):
        write(folder, other)
        with pytest.raises(MissingAPIKeyError, match=r"another account\. Make a new HeyGenClient"):
            expired.renewed()
    (folder / "credentials").unlink()
    with pytest.raises(MissingAPIKeyError, match="No HeyGen API key"):
        expired.renewed()
    assert find(Secret(KEY)).renewed().secret.reveal() == KEY


def test_an_account_is_a_digest_of_the_key_or_of_the_user(folder: Path) -> None:
    write(folder, login())
    user = find()
    write(folder, {**login(), "oauth": {"access_token": "another-token"}})
    assert find().account == user.account
    write(folder, {"oauth": {"access_token": TOKEN}})
    assert find().account == ""
    accounts = {user.account, find(Secret(KEY)).account, find(Secret("another-key")).account}
    assert len(accounts) == 3
    assert all(len(account) == 32 for account in accounts)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "is empty"),
        (b'{"api_key": "' + KEY.encode(), "nor valid JSON"),
        (b'{"a": ' * 100_000, "nor valid JSON"),
        (b'{"api_key": ' + b"9" * 5000 + b"}", "nor valid JSON"),
        (b'["' + KEY.encode() + b'"]', "no JSON object"),
        (b'{"oauth": []}', "neither"),
        (b'{"oauth": {"access_token": ""}}', "neither"),
        (b'{"api_key": "a b"}', "white space"),
        (b'{"oauth": {"access_token": "a\\nb"}}', "white space"),
        (KEY.encode() + b"\n" + KEY.encode(), "white space"),
        (b"\xff\xfe" + KEY.encode(), "UTF-8"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_file_that_gives_nothing_usable_is_an_error_that_names_it_and_not_its_content(
    folder: Path, content: bytes, match: str
) -> None:
    path = write(folder, content)
    assert str(path) in assert_refused(match)


def test_a_file_that_cannot_be_read_or_is_not_at_home_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "credentials").mkdir()
    assert_refused("cannot be read")
    (folder / "plain").write_text("x")
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(folder / "plain"))
    assert_refused("cannot be read")
    for name, value in {"HOME": "/home/someone", "USERPROFILE": "/home/someone", "HEYGEN_CONFIG_DIR": ""}.items():
        monkeypatch.setenv(name, value)
    assert_refused(r"no file /home/someone/\.heygen/credentials\.")
