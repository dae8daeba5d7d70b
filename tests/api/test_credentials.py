"""Where the key is found, and that it shows nowhere."""

from __future__ import annotations

import inspect
import json
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from loopback import KEY

from heygen_widgets.api.credentials import Secret, credentials_path, find, from_file
from heygen_widgets.errors import MissingAPIKeyError

TOKEN = "oauth-token-0123456789"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HEYGEN_API_KEY", raising=False)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))
    return tmp_path


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


def test_the_argument_comes_before_the_environment_and_the_environment_before_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, {"api_key": "key-of-the-file"})
    assert find().secret.reveal() == "key-of-the-file"
    monkeypatch.setenv("HEYGEN_API_KEY", "key-of-the-environment")
    assert find().secret.reveal() == "key-of-the-environment"
    assert find(Secret("key-of-the-argument")).secret.reveal() == "key-of-the-argument"


def test_a_credential_says_where_it_came_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(folder, {"api_key": KEY})
    assert find().source == f"the file {path}"
    monkeypatch.setenv("HEYGEN_API_KEY", KEY)
    assert find().source == "the environment variable HEYGEN_API_KEY"
    assert find(Secret(KEY)).source == "the api_key argument"


@pytest.mark.parametrize("value", ["", "  \n"])
def test_an_environment_variable_that_is_blank_counts_as_not_set(
    value: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEYGEN_API_KEY", value)
    write(folder, {"api_key": KEY})
    assert find().secret.reveal() == KEY


def test_a_broken_key_in_the_environment_is_an_error_and_not_skipped(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, {"api_key": KEY})
    monkeypatch.setenv("HEYGEN_API_KEY", "two words")
    with pytest.raises(MissingAPIKeyError, match="HEYGEN_API_KEY") as caught:
        find()
    assert "two words" not in str(caught.value)


def test_without_any_key_the_error_says_what_to_do(folder: Path) -> None:
    with pytest.raises(MissingAPIKeyError, match="HEYGEN_API_KEY") as caught:
        find()
    assert "heygen auth login" in str(caught.value)
    assert str(folder / "credentials") in str(caught.value)


def test_stray_white_space_around_a_key_is_stripped() -> None:
    assert find(Secret(f"  {KEY}\n")).secret.reveal() == KEY


@pytest.mark.parametrize("key", ["", "  ", "a b", "a\nb", "a\tb", "schlüssel", "a\0b", "a\x7fb", "a\u200bb"])
def test_a_key_that_no_header_can_hold_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(MissingAPIKeyError, match="the api_key argument") as caught:
        find(Secret(key))
    assert not key.strip() or key not in str(caught.value)


def test_a_secret_shows_in_no_dump_and_is_not_pickled() -> None:
    credential = find(Secret(KEY))
    dumps = [repr(credential), json.dumps([credential, credential.secret], default=repr)]
    dumps += [repr(inspect.getmembers(credential.secret)), f"{credential.secret}"]
    assert not [dump for dump in dumps if KEY in dump]
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(credential)
    assert credential.secret.redact(f"host {KEY.upper()}.org") == "host [the key].org"


def test_the_folder_is_the_one_of_heygen_config_dir_or_dot_heygen_at_home(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert credentials_path() == str(folder / "credentials")
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("USERPROFILE", "/home/someone")
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", "")
    assert Path(credentials_path()) == Path("/home/someone/.heygen/credentials")


def test_no_file_is_no_credential(folder: Path) -> None:
    assert from_file() is None


@pytest.mark.parametrize("content", [f"\ufeff{KEY}\r\n".encode(), {"api_key": KEY, **login()}])
def test_a_plain_line_is_a_key_and_in_json_the_key_wins_over_the_login(folder: Path, content: object) -> None:
    write(folder, content)
    found = from_file()
    assert found is not None
    assert (found.secret.reveal(), found.is_token) == (KEY, False)


@pytest.mark.parametrize("key", [None, "  ", 5])
def test_without_a_key_in_the_file_the_login_counts(folder: Path, key: object) -> None:
    write(folder, {"api_key": key, **login()})
    found = from_file()
    assert found is not None
    assert (found.secret.reveal(), found.is_token) == (TOKEN, True)


@pytest.mark.parametrize("expires_at", [None, "", "soon", 5, "2020-01-01", "2020-01-01T00:00:00", ["x"]])
def test_a_login_without_a_readable_expiry_counts_as_valid(folder: Path, expires_at: object) -> None:
    write(folder, login(expires_at=expires_at))
    found = from_file()
    assert found is not None
    assert not found.expired


@pytest.mark.parametrize("expires_at", ["2999-07-22T10:00:00.123456789Z", "2999-07-22T10:00:00+02:00"])
def test_a_login_that_ends_later_is_valid(folder: Path, expires_at: str) -> None:
    write(folder, login(expires_at=expires_at))
    found = from_file()
    assert found is not None
    assert found.expires_at is not None
    assert not found.expired


@pytest.mark.parametrize("expires_in", [-3600, 0, 50])
def test_a_login_that_ends_within_a_minute_has_expired(folder: Path, expires_in: float) -> None:
    path = write(folder, login(expires_in))
    text = assert_refused("expired")
    assert str(path) in text
    assert "heygen auth status" in text
    assert "heygen auth login" in text
    assert TOKEN not in text


def test_a_login_that_ends_after_the_slack_is_used(folder: Path) -> None:
    write(folder, login(90))
    assert from_file() is not None


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
        with pytest.raises(MissingAPIKeyError, match="another account: make a new HeyGenClient"):
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
        (b" \n ", "is empty"),
        (b"{", "not valid JSON"),
        (b'{"api_key": "' + KEY.encode(), "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b'{"api_key": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'["' + KEY.encode() + b'"]', "no JSON object"),
        (b'"' + KEY.encode() + b'"', "no JSON object"),
        (b"{}", "neither"),
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


def test_a_folder_in_place_of_the_file_is_an_error(folder: Path) -> None:
    (folder / "credentials").mkdir()
    assert_refused("cannot be read")


def test_a_file_that_cannot_be_read_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "plain").write_text("x")
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(folder / "plain"))
    assert_refused("cannot be read")


def test_the_file_is_only_read(folder: Path) -> None:
    path = write(folder, login(-5))
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    assert_refused("expired")
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert [entry.name for entry in folder.iterdir()] == ["credentials"]
