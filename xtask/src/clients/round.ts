// The whole round with a client made of the description: openapi-typescript and openapi-fetch.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.d.ts";

declare const process: { argv: string[] };
const [site, login, password] = process.argv.slice(2) as [string, string, string];
const client = createClient<paths>({ baseUrl: site });

function got<T>(what: string, answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${what}: ${answer.response.status} ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

const { token } = got("sign in", await client.POST("/api/v1/sessions", { body: { login, password } }));
client.use({ onRequest: ({ request }) => { request.headers.set("Authorization", `Bearer ${token}`); } });

const me = got("me", await client.GET("/api/v1/me"));
const found = me.lines.find((line) => line.status === "active");
must(found !== undefined, "no line in use");
const path = { line: found!.line };
const home = got("home", await client.GET("/api/v1/lines/{line}/home", { params: { path } }));
must(home.balance === null || Number.isSafeInteger(home.balance.remaining_octets), "the balance");
const usage = got("usage", await client.GET("/api/v1/lines/{line}/usage", { params: { path } }));
must(usage.days.every((day) => day.high_octets >= 0), "usage");

const bills = got("bills", await client.GET("/api/v1/bills", { params: { query: { limit: 1 } } }));
const bill = { bill: bills.bills[0]!.bill };
const pdf = got("pdf", await client.GET("/api/v1/bills/{bill}/pdf", { params: { path: bill }, parseAs: "arrayBuffer" }));
must(new TextDecoder().decode(new Uint8Array(pdf, 0, 5)) === "%PDF-", "the sheet is no PDF");
const csv = got("csv", await client.GET("/api/v1/bills/{bill}/csv", { params: { path: bill }, parseAs: "text" }));
must(csv.includes(","), "the rows are no CSV");

const high = !home.speed.desired;
const header = { "Idempotency-Key": crypto.randomUUID() };
const wish = got("wish", await client.PUT("/api/v1/lines/{line}/speed", { params: { path, header }, body: { high } }));
let speed = home.speed;
for (let looks = 0; looks < 120; looks += 1) {
  speed = got("speed", await client.GET("/api/v1/lines/{line}/speed", { params: { path } }));
  if (speed.version >= wish.version && !["accepted", "pending"].includes(speed.state)) break;
  await new Promise((resolve) => setTimeout(resolve, 500));
}
must(speed.state === "confirmed" && speed.desired === high, `the wish: ${JSON.stringify(speed)}`);
const again = { "Idempotency-Key": crypto.randomUUID() };
const soon = await client.PUT("/api/v1/lines/{line}/speed", { params: { path, header: again }, body: { high } });
must(soon.response.status === 429 && soon.error?.code === "too_often", "a wish too soon");

let [cursor, pages, entries]: [string | undefined, number, number] = [undefined, 0, 0];
do {
  const query: { limit: number; cursor?: string } = cursor === undefined ? { limit: 3 } : { limit: 3, cursor };
  const page: components["schemas"]["Disclosures"] = got("disclosures", await client.GET("/api/v1/disclosures", { params: { query } }));
  entries += page.disclosures.length;
  cursor = page.next ?? undefined;
  pages += 1;
} while (cursor !== undefined && pages < 1000);
must(pages > 1 && entries > 3, "disclosures have several pages");

const out = await client.DELETE("/api/v1/sessions/current");
must(out.response.status === 204, "sign out");
const after = await client.GET("/api/v1/me");
must(after.response.status === 401 && after.error?.code === "sign_in_required", "signed out");
console.log(`TypeScript: the whole round, ${entries} disclosures on ${pages} pages`);
