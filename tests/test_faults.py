"""Temporary faults of the service and the network, of all kinds that the client retries."""

from concurrent.futures import ThreadPoolExecutor

from avatar_service import ids
from faults import KINDS, FaultyService
from loopback import hurry

from heygen_widgets import HeyGenClient, LookCatalogue

OWNERS = ("private", "public")


def test_25_000_looks_arrive_through_temporary_faults_on_several_threads() -> None:
    with (
        FaultyService(25_000, share=0.05) as service,
        # Eleven faults in a row never happen.
        HeyGenClient(service.api_key, base_url=service.base_url, max_retries=10) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        waits = hurry(client._transport)
        catalogue = LookCatalogue(client, cache=None)
        loads = [pool.submit(catalogue.load) for _ in range(2)]
        lists = [pool.submit(lambda owner=owner: ids(client.iter_looks(ownership=owner))) for owner in OWNERS]
        every = [look.id for owner in OWNERS for look in service.catalogue.select_looks(ownership=owner)]
        assert [look_id for found in lists for look_id in found.result()] == every
        assert [load.result() for load in loads] == [None, None]
        assert catalogue.complete
        assert ids(catalogue) == every
        assert client.retries == sum(service.struck.values()) > 50
        assert service.struck.keys() == KINDS.keys()
        assert all(0 < wait <= 30 + 5 for wait in waits)
