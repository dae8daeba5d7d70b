"""Tasks that are measured in a fresh process, which prints the results as JSON.

python -m tests.bench.tasks load http://127.0.0.1:1234 key
"""

import gc
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from heygen_widgets import HeyGenClient, LookCatalogue, LookFilter, LookPicker


def load(base_url: str, api_key: str) -> dict[str, float]:
    """Show all looks in a picker whose view has requested its first cards: from the service or from the snapshot."""

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
    client = HeyGenClient(api_key, base_url=base_url)
    cpu = time.process_time()
    owners = ("private", "public")
    lists = [client.iter_look_pages(ownership=owner) for owner in owners]
    lists += [client.iter_group_pages(ownership=owner) for owner in owners]
    with ThreadPoolExecutor(len(lists)) as pool:
        counts = list(pool.map(lambda pages: sum(map(len, pages)), lists))
    return {"cpu": time.process_time() - cpu, "looks": sum(counts[:2])}


def reside(base_url: str, api_key: str) -> dict[str, float]:
    """Load all looks, show them in a picker and filter them once; return the resident memory, in bytes."""
    import psutil  # not needed by the others, of which one is timed from the start of its process

    catalogue = LookCatalogue(HeyGenClient(api_key, base_url=base_url))
    picker = LookPicker(catalogue)
    picker.vue_ask_window({"view": "a", "first": True, "screen": 48, "start": 0, "count": 48})
    catalogue.wait()
    picker.filter = LookFilter(search="kitchen", gender="female", sort="name")
    matched = len(catalogue.matching(picker.filter))
    gc.collect()
    return {"resident": psutil.Process().memory_info().rss, "looks": len(catalogue), "matched": matched}


if __name__ == "__main__":
    print(json.dumps({"load": load, "fetch": fetch, "reside": reside}[sys.argv[1]](*sys.argv[2:])))
