// The two official OFREP providers against the hub: one for servers, one for browsers.
import { OpenFeature as Server } from "@openfeature/server-sdk";
import { OpenFeature as Web } from "@openfeature/web-sdk";
import { OFREPProvider } from "@openfeature/ofrep-provider";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";

const [phase, baseUrl, token] = process.argv.slice(2);
const headers = [["Authorization", `Bearer ${token}`]];
const calls = [];
const counting = async (input, init) => {
  const answer = await fetch(input, init);
  calls.push(answer.status);
  return answer;
};

if (phase === "server") {
  await Server.setProviderAndWait(new OFREPProvider({ baseUrl, headers, fetchImplementation: counting }));
  const client = Server.getClient();
  const pro = { targetingKey: "u1", plan: "pro" };
  const found = {
    bool: await client.getBooleanDetails("contract-bool", false, pro),
    string: await client.getStringValue("contract-string", "?", pro),
    number: await client.getNumberValue("contract-number", 0, pro),
    object: await client.getObjectValue("contract-object", {}, pro),
    other: await client.getBooleanValue("contract-bool", true, { targetingKey: "u2" }),
    missing: await client.getBooleanDetails("no-such-flag", true, pro),
    keyless: await client.getBooleanDetails("contract-split", true, {}),
  };
  console.log(JSON.stringify(found));
} else if (phase === "limited") {
  await Server.setProviderAndWait(new OFREPProvider({ baseUrl, headers, fetchImplementation: counting }));
  const client = Server.getClient();
  const details = [];
  for (let n = 0; n < 8; n += 1) details.push(await client.getBooleanDetails("contract-bool", true, { targetingKey: "u" }));
  console.log(JSON.stringify({ calls, last: details.at(-1) }));
} else if (phase === "web") {
  const provider = new OFREPWebProvider({ baseUrl, headers, pollInterval: 300, fetchImplementation: counting });
  await Web.setContext({ targetingKey: "u1", plan: "pro" });
  await Web.setProviderAndWait(provider);
  const client = Web.getClient();
  const before = client.getBooleanDetails("contract-bool", false);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  console.log(JSON.stringify({ before, calls }));
  process.exit(0);
}
