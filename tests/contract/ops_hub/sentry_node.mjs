// @sentry/node as an application uses it: node sentry_node.mjs DSN report|flood
import * as Sentry from "@sentry/node";

const [dsn, what] = process.argv.slice(2);
Sentry.init({ dsn, release: "site@2.0", environment: "test", tracesSampleRate: 0 });

function readBill(number) {
  throw new TypeError(`bill ${number} has no title`);
}

if (what === "report") {
  Sentry.addBreadcrumb({ category: "step", message: "before it broke" });
  Sentry.setTag("hub", "site");
  Sentry.setUser({ id: "7", email: "someone@example.org", ip_address: [192, 0, 2, 7].join(".") });
  try {
    readBill(7);
  } catch (error) {
    Sentry.captureException(error);
  }
  Sentry.captureMessage("a message from the site", "warning");
  const checkInId = Sentry.captureCheckIn(
    { monitorSlug: "node-nightly", status: "in_progress" },
    { schedule: { type: "interval", value: 1, unit: "day" } },
  );
  Sentry.captureCheckIn({ checkInId, monitorSlug: "node-nightly", status: "ok", duration: 2 });
  await Sentry.flush(10_000);
} else {
  for (const name of ["one", "two", "three", "four", "five", "six"]) {
    Sentry.captureMessage(`message ${name}`);
    await Sentry.flush(10_000);
  }
}
await Sentry.close(5_000);
