import { OPAClient } from "@open-policy-agent/opa";

const [url, given] = process.argv.slice(2);
const { allowed, denied } = JSON.parse(given);
const opa = new OPAClient(url, { headers: { authorization: "Bearer x" } });
const path = "openpolicy/gateway/allow";

const said = {};
said.single = [await opa.evaluate(path, allowed), await opa.evaluate(path, denied)];
said.document = (await opa.evaluate("openpolicy/gateway", denied)).reason;
said.converted = await opa.evaluate("openpolicy/gateway", denied, {
  fromResult: (result) => ({ may: result.allow }),
});
said.undefined = (await opa.evaluate("no/such/document", allowed)) ?? null;
said.batch = await opa.evaluateBatch(path, { a: allowed, b: denied });
try {
  await opa.evaluateDefault(allowed);
  said.default_error = "none";
} catch (error) {
  said.default_error = `${error} ${error.cause ?? ""} ${error.body ?? ""}`;
}
console.log(JSON.stringify(said));
