"""Tasks that are measured in a fresh process, which prints the results as JSON.

python -m tests.bench.tasks load http://127.0.0.1:1234 key
"""

import gc
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any


def load(base_url: str, api_key: str) -> dict[str, float]:
    """Show all looks in a picker whose view has requested its first cards: from the service or from the snapshot."""
    from heygen_widgets import HeyGenClient, LookPicker

    class Watched(LookPicker):
        def send(self, content: dict[str, Any], buffers: object = None) -> None:
            super().send(content, buffers)
            sent.update(content["args"][0].get("status", {}))

    sent: dict[str, Any] = {}
    client = HeyGenClient(api_key, base_url=base_url)
    begun, cpu = time.perf_counter(), time.process_time()
    picker = Watched(client)
    picker.vue_ask_window({"view": "a", "first": True, "screen": 48, "start": 0, "count": 48})
    catalogue, revision = picker.catalogue, -1
    while not catalogue.complete:
        revision = catalogue.wait_for_change(revision, timeout=1.0)
    complete = time.perf_counter() - begun
    while not (sent["complete"] and sent["shown"] == len(catalogue)):
        time.sleep(0.001)
    shown = time.perf_counter() - begun
    catalogue.wait()  # until the snapshot is saved
    return {"complete": complete, "shown": shown, "cpu": time.process_time() - cpu, "looks": len(catalogue)}


def fetch(base_url: str, api_key: str) -> dict[str, float]:
    """Fetch the same pages concurrently, and keep nothing."""
    from heygen_widgets import HeyGenClient

    client = HeyGenClient(api_key, base_url=base_url)
    cpu = time.process_time()
    pages = [
        pages(ownership=owner) for pages in (client.iter_look_pages, client.iter_group_pages)
        for owner in ("private", "public")
    ]  # fmt: skip
    with ThreadPoolExecutor(len(pages)) as pool:
        counts = list(pool.map(lambda chain: sum(map(len, chain)), pages))
    return {"cpu": time.process_time() - cpu, "looks": sum(counts[:2])}


def reside(base_url: str, api_key: str) -> dict[str, float]:
    """Load all looks, show them in a picker and filter them once; return the resident memory, in bytes."""
    from heygen_widgets import HeyGenClient, LookCatalogue, LookFilter, LookPicker

    catalogue = LookCatalogue(HeyGenClient(api_key, base_url=base_url))
    picker = LookPicker(catalogue)
    picker.vue_ask_window({"view": "a", "first": True, "screen": 48, "start": 0, "count": 48})
    catalogue.wait()
    picker.filter = LookFilter(search="kitchen", gender="female", sort="name")
    matched = len(catalogue.matching(picker.filter))
    gc.collect()
    return {"resident": _resident(), "looks": len(catalogue), "matched": matched}


def run_task(name: str, base_url: str, api_key: str, cache: Path) -> dict[str, float]:
    """Run a task in a fresh process with the given cache folder; ``process`` is the duration of that process, in s."""
    command = [sys.executable, "-m", "tests.bench.tasks", name, base_url, api_key]
    begun = time.perf_counter()
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | {"XDG_CACHE_HOME": str(cache)}
    )
    process = time.perf_counter() - begun
    results: dict[str, float] = json.loads(done.stdout)
    return {**results, "process": process}


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        # Other systems report only the peak
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak


if __name__ == "__main__":
    print(json.dumps({"load": load, "fetch": fetch, "reside": reside}[sys.argv[1]](*sys.argv[2:])))
