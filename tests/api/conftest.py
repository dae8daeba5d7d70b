"""A plain environment for the client: no key, no proxy, no certificates, and a folder of its own for credentials."""

from pathlib import Path

import pytest

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")
SETTINGS = ("HEYGEN_API_KEY", "HEYGEN_API_BASE", *CERTIFICATES)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of the credentials file, which does not exist yet."""
    for name in (*PROXIES, *map(str.upper, PROXIES), *SETTINGS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HEYGEN_CONFIG_DIR", str(tmp_path))
    return tmp_path
