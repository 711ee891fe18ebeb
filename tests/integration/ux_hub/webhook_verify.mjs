// Verifies recorded deliveries as a receiver would: `node webhook_verify.mjs '[{secret, headers, body}]'`.
import { Webhook } from "standardwebhooks";

const told = JSON.parse(process.argv[2]).map(({ secret, headers, body }) => {
  try {
    return new Webhook(secret).verify(body, headers).type;
  } catch (error) {
    return `refused: ${error.message}`;
  }
});
console.log(JSON.stringify(told));
