"""What the benchmarks of proxies share: processes on chosen cores, proxies, load, comparisons.

One proxy is measured at a time, alone on the first core; the load and the upstream have the others.
All proxies stand ready for the whole run, and the rounds go round all of them, so that a slow
moment of the machine meets every one. `bench.gateway` (HTTP/1.1) and `bench.grpc_proxy` use this.
"""
