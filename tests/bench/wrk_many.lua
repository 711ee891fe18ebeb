-- Many callers, paths, languages and methods, so that every bounded memory of the gateway is filled and turned over.
local n = 0
request = function()
  n = n + 1
  local headers = { ["X-Forwarded-For"] = string.format("203.0.%d.%d", n % 250, (n * 7) % 250) }
  headers["Accept-Language"] = (n % 2 == 0) and "fr" or "en"
  if n % 5 == 0 then headers["Authorization"] = "Basic dTpw" end
  local hub = (n % 3 == 0) and "jobs" or "bills"
  if n % 11 == 0 then return wrk.format("POST", "/api/v1/" .. hub .. "/" .. n, headers, string.rep("x", n % 3000)) end
  return wrk.format("GET", "/api/v1/" .. hub .. "/" .. (n % 50000) .. "?limit=" .. (n % 7), headers)
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("report %d %d\n", summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
  io.write(string.format("connect %d read %d write %d status %d timeout %d\n", e.connect, e.read, e.write, e.status, e.timeout))
end
