-- One line for the benchmark to read: requests per second, p50 and p99 in milliseconds, failed requests.
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("report %f %f %f %d\n", summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
