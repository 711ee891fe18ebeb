// Both npm clients of the protocol against the server: `node mcp_clients.mjs <sdk|client> <http|stdio> <place>`.
const [generation, transportName, given] = process.argv.slice(2);
const place = JSON.parse(given);

async function load() {
  if (generation === "sdk") {
    const [{ Client }, http, stdio, auth] = await Promise.all([
      import("@modelcontextprotocol/sdk/client/index.js"),
      import("@modelcontextprotocol/sdk/client/streamableHttp.js"),
      import("@modelcontextprotocol/sdk/client/stdio.js"),
      import("@modelcontextprotocol/sdk/client/auth-extensions.js"),
    ]);
    return { Client, ...http, ...stdio, ...auth };
  }
  const [client, stdio] = await Promise.all([
    import("@modelcontextprotocol/client"),
    import("@modelcontextprotocol/client/stdio"),
  ]);
  return { ...client, ...stdio };
}

const { Client, StreamableHTTPClientTransport, StdioClientTransport, ClientCredentialsProvider } = await load();

function transport() {
  if (transportName === "stdio") {
    return new StdioClientTransport({ command: place.command, args: place.args, env: { ...process.env, ...place.env } });
  }
  // The client finds the authorization server by itself: 401, resource metadata, server metadata, token.
  const authProvider = new ClientCredentialsProvider({
    clientId: place.clientId,
    clientSecret: place.clientSecret,
    expectedIssuer: place.issuer,
  });
  return new StreamableHTTPClientTransport(new URL(place.url), { authProvider });
}

const options = { capabilities: {} };
if (generation === "client" && place.mode) options.versionNegotiation = { mode: place.mode };
const client = new Client({ name: "contract", version: "1" }, options);
await client.connect(transport());
const tools = await client.listTools();
const bill = await client.callTool({ name: "get_bill", arguments: { bill: "C-11" } });
const french = await client.callTool({ name: "get_bill", arguments: { bill: "C-11", language: "fr" } });
const missing = await client.callTool({ name: "get_bill", arguments: { bill: "C-9999" } });
const first = await client.callTool({ name: "list_bills", arguments: { session: "45-1", limit: 4 } });
const more = await client.callTool({ name: "read_more", arguments: { handle: first.structuredContent.more } });
const templates = await client.listResourceTemplates();
const resource = await client.readResource({ uri: "openpolicy://bills/45-1-c-11" });
const prompts = await client.listPrompts();
const prompt = await client.getPrompt({ name: "explain_bill", arguments: { bill: "C-11" } });
console.log(
  JSON.stringify({
    tools: tools.tools.map((tool) => [tool.name, Boolean(tool.outputSchema), tool.annotations?.readOnlyHint]),
    version: client.getNegotiatedProtocolVersion?.() ?? null,
    server: client.getServerVersion()?.name,
    bill: bill.structuredContent,
    french: french.structuredContent.bill.title,
    missing: [missing.isError, missing.content[0].text],
    pages: [first.structuredContent.bills.length, more.structuredContent.bills.length],
    templates: templates.resourceTemplates.map((template) => template.uriTemplate),
    resource: JSON.parse(resource.contents[0].text).bill.number,
    prompts: prompts.prompts.map((each) => each.name),
    prompt: prompt.messages[0].content.text,
  }),
);
await client.close();
