"""Squares on every worker of a Dask cluster, and their sum."""

from distributed import Client

with Client() as client:  # the address comes from the environment
    squares = client.map(lambda x: x**2, range(10))
    print("Sum of squares:", client.submit(sum, squares).result())
    print("Workers:", len(client.scheduler_info()["workers"]))
