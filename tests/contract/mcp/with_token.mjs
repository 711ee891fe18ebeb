// Loaded before the conformance tool, which knows no authorization: its requests carry a token.
const { MCP_URL, MCP_TOKEN } = process.env;
const plain = globalThis.fetch;
globalThis.fetch = (input, init = {}) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (!url.href.startsWith(MCP_URL)) return plain(input, init);
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
  if (!headers.has("authorization")) headers.set("authorization", `Bearer ${MCP_TOKEN}`);
  return plain(input, { ...init, headers });
};
