"""Speed of the marketplace, measured: throughput of one worker against a bare loop, latency from order to contract."""
