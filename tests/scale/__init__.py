"""What takes a cluster and an object store on the full grid: run by `make scale`."""
