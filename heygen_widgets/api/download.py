"""A video from wherever a service says it is to a file, on from where it broke off, and there only when whole."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import requests
import urllib3

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

from ..errors import APIConnectionError
from .pictures import Problem, environment, prepared
from .public_hosts import Lines, RefusedError, WatchedAdapter

__all__ = ["download"]

_READ_SIZE = 2**18  # bytes
_LARGEST = 2**35  # bytes; a film of half an hour in 4k has some 2**33
_TIMEOUT = (5.0, 30.0)  # s: connect, each read
_PATIENCE = 480  # read time-outs that the whole of an answer may take, which makes 4 hours
_ATTEMPTS = 4  # in a row that bring nothing new
_FAILURES = (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, TypeError)
_RANGE = re.compile(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15}|\*)", re.ASCII)


class _FileError(Exception):
    """The file, not the connection, is what failed."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error)
        self.error = error


class _Outcome(NamedTuple):
    problem: str = ""  # why it is not whole; "" when it is
    is_final: bool = False  # asking again will not help


def download(
    address: Callable[[], str], path: Path, video_id: str, base_url: str, sleep: Callable[[float], object]
) -> Path:
    """Fetch a video; see `HeyGenClient.download_video`.

    Parameters
    ----------
    address : callable
        Gives a fresh URL, and raises when there is none.
    path : Path
    video_id : str
        Tells a part that is left from that of another video.
    base_url : str
        Of the service: one on this machine may tell addresses of its own, over http.
    sleep : callable
        Waits, in s.
    """
    if path.is_dir():
        raise IsADirectoryError(f"{str(path)!r} is a folder: give the name of a file in it, such as 'video.mp4'")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no folder {str(path.parent)!r} to write {path.name!r} into")
    digest = hashlib.blake2b(f"{video_id}\n{path.name}".encode("utf-8", "replace"), digest_size=8).hexdigest()
    part = path.parent / f".heygen_widgets-{digest}.part"
    # Imported here, as it is slow and only who waits needs it.
    from tqdm.auto import tqdm

    url = address()  # what has none shall begin no bar and no file
    lines = Lines()
    adapters = {public: WatchedAdapter(lines, public=public, patience=_PATIENCE) for public in (True, False)}
    try:
        with _claimed(part, path) as file, tqdm(desc=path.name, unit="B", unit_scale=True, initial=file.tell()) as bar:
            fetching = _Fetching(file, adapters, base_url, bar)
            left = _ATTEMPTS
            while True:
                before = file.tell()
                outcome = fetching.attempt(url)
                if not outcome.problem:
                    break
                left = _ATTEMPTS if file.tell() > before else left - 1
                if outcome.is_final or left == 0:
                    raise APIConnectionError(
                        f"The video {video_id!r} could not be fetched: {outcome.problem}.{_kept(file, outcome)}"
                    )
                sleep(2.0 ** (_ATTEMPTS - left))
                url = address()
            file.flush()
            os.fsync(file.fileno())
            if os.fstat(file.fileno()).st_size != file.tell():
                # Where nothing is locked, another download may have written into it.
                file.seek(0)
                file.truncate()
                raise APIConnectionError(f"{path.name!r} was downloaded by two at once: try again with one.")
    except _FileError as failure:
        raise failure.error from None
    except KeyboardInterrupt:
        raise KeyboardInterrupt("The download was interrupted; the same call goes on where it stands.") from None
    finally:
        for adapter in adapters.values():
            adapter.close()
    return path


def _kept(file: BinaryIO, outcome: _Outcome) -> str:
    """Say how to go on, where that can help."""
    if not file.tell():
        return "" if outcome.is_final else " The same call tries again."
    kept = f" What has come so far, {file.tell():,} bytes, is kept"
    return f"{kept}." if outcome.is_final else f"{kept}: the same call goes on from there."


@contextmanager
def _claimed(part: Path, path: Path) -> Iterator[BinaryIO]:
    """Open what is here of a film, for one download alone; in the end give it its name, or leave nothing that is empty.

    The end too comes while it is locked, else another download could have begun to write it. On Windows nothing keeps
    two downloads from one part, and what is open can be neither renamed nor taken away.
    """
    with ExitStack() as closed, open(part, "ab") as file, ExitStack() as locked:
        end = closed
        if fcntl is not None:
            _lock(file, part, path)
            end = locked
        try:
            yield file
        except BaseException:
            if not file.tell() and not os.fstat(file.fileno()).st_size:
                end.callback(part.unlink, missing_ok=True)
            raise
        end.callback(os.replace, part, path)


def _lock(file: BinaryIO, part: Path, path: Path) -> None:
    """Keep others from a part for as long as it is open, where the folder knows locks: some of a network's do not."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between opening and locking, the one who had it may have given it its name, or taken it away.
        taken = not os.path.samestat(os.fstat(file.fileno()), os.stat(part))
    except (BlockingIOError, PermissionError, FileNotFoundError):
        taken = True
    except OSError:
        return
    if taken:
        raise APIConnectionError(f"{path.name!r} is being downloaded already: try again when that has ended.")


class _Fetching:
    """One download: the file that grows, and what is known of the whole."""

    def __init__(self, file: BinaryIO, adapters: dict[bool, WatchedAdapter], base_url: str, bar: Any) -> None:  # noqa: ANN401 - tqdm's
        self._file = file
        self._adapters = adapters
        self._base_url = base_url
        self._bar = bar
        self._tag: str | None = None
        self._total: int | None = None

    def attempt(self, url: str) -> _Outcome:
        """Ask for what is missing, and write as much of it as comes."""
        try:
            request = prepared(url, (self._base_url,))
            if isinstance(request, Problem):
                return _Outcome(f"its address is {request.reason}", is_final=True)
            start = self._file.tell()
            if start:
                request.headers["Range"] = f"bytes={start}-"
            is_local = (request.url or "").startswith("http:")
            response = self._adapters[not is_local].send(
                request, stream=True, timeout=_TIMEOUT, **({} if is_local else environment(request))
            )
            try:
                return self._take(response, start)
            finally:
                response.close()
        except RefusedError:
            return _Outcome("its address is not on the public internet", is_final=True)
        except _FAILURES:
            return _Outcome("the connection broke off")

    def _take(self, response: requests.Response, start: int) -> _Outcome:
        status, headers = response.status_code, response.headers
        span = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
        if status == 416 and start:
            # Where the part is whole already, nothing is left to ask for.
            if headers.get("Content-Range", "") == f"bytes */{start}":
                return _Outcome()
            self._begin_again()
            return _Outcome("what is here does not fit what is there")
        if status not in (200, 206):
            return _Outcome(f"it was answered with status {status}", is_final=300 <= status < 400)
        kind = headers.get("Content-Type", "").lower()
        if "html" in kind or "json" in kind:
            return _Outcome("a web page or an error came in its place", is_final=True)
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            return _Outcome("it came packed, which it was not asked for", is_final=True)
        changed = self._tag is not None and headers.get("ETag", self._tag) != self._tag
        if status == 200 or changed or span is None or int(span[1]) != start:
            self._begin_again()
            if status == 206:
                return _Outcome("what came does not go on from what is here")
            whole = headers.get("Content-Length", "")
            total = int(whole) if whole.isascii() and whole.isdigit() else None
        else:
            total = int(span[2]) if span[2] != "*" else None
            if self._total is not None and total not in (None, self._total):
                self._begin_again()
                return _Outcome("its length is another one now")
        self._tag, self._total = headers.get("ETag", self._tag), total or self._total
        self._bar.total = total
        if total is not None and total > _LARGEST:
            return _Outcome(f"it is larger than {_LARGEST >> 30} GB", is_final=True)
        while piece := response.raw.read1(_READ_SIZE, decode_content=False):
            try:
                self._file.write(piece)
            except OSError as error:
                raise _FileError(error) from None
            self._bar.update(len(piece))
            if self._file.tell() > _LARGEST:
                return _Outcome(f"it is larger than {_LARGEST >> 30} GB", is_final=True)
        size = self._file.tell()
        if not size:
            return _Outcome("nothing came")
        if self._total is not None and size != self._total:
            return _Outcome(f"{size:,} of {self._total:,} bytes came")
        # A part that does not tell of the whole: the next answer says whether more is there.
        return _Outcome("its length is not told") if status == 206 and self._total is None else _Outcome()

    def _begin_again(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._tag = self._total = None
        self._bar.reset()
