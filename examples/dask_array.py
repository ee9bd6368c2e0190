"""200 MB of numbers on a Dask cluster: parts of the matrix go from worker to worker, as it is added to its transpose."""

import dask.array as da
from distributed import Client, wait

with Client() as client:  # the address comes from DASK_SCHEDULER_ADDRESS
    n = 5000
    x = da.fromfunction(lambda i, j: i * n + j, shape=(n, n), chunks=(1250, 1250), dtype=float).persist()
    wait(x)
    print("{:.0f} MB on {} workers".format(x.nbytes / 1e6, len(set(sum(client.who_has(x).values(), ())))), flush=True)
    print("sum of x + x.T: {:.0f}".format((x + x.T).sum().compute()))
