"""Answers that are errors."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """An answer that is an error: an HTTP status and the envelope `{"error": {…}}`."""

    def __init__(
        self, status: int, code: str, message: str, *, param: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        self._error = {"code": code, "message": message}
        if param is not None:
            self._error["param"] = param
        self._error["doc_url"] = f"https://developers.heygen.com/docs/error-codes#{code}"

    @property
    def envelope(self) -> dict[str, Any]:
        """The answer's body, ready for JSON."""
        return {"error": self._error}


def invalid(param: str, message: str) -> ApiError:
    """Make the error for a field or an argument that makes no sense."""
    return ApiError(400, "invalid_parameter", message, param=param)
