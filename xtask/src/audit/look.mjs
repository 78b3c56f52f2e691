// Looks at the product in Chromium as people use it, and prints `ok NAME` or `FAIL NAME: why` for each thing.
//   node look.mjs BASE COOKIE LINES [SHOTS]     LINES: ids of an account's lines, joined by commas; SHOTS: a folder
// LOOK_HOME is where playwright-core and axe-core lie, CHROMIUM the browser.
import { createRequire } from "node:module";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [base, cookie, lineList, shots] = process.argv.slice(2);
const require = createRequire(join(process.env.LOOK_HOME, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const lines = lineList.split(",");
const [cookieName, cookieValue] = cookie.split("=");
let failed = 0;

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});

async function within(options, work) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: "ja-JP", timezoneId: "Asia/Tokyo", ...options });
  await context.addCookies([{ name: cookieName, value: cookieValue, url: base }]);
  if (options?.language) await context.addCookies([{ name: "language", value: options.language, url: base }]);
  try {
    return await work(await context.newPage(), context);
  } finally {
    await context.close();
  }
}

async function look(name, work) {
  try {
    await work();
    console.log(`ok ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${String(error.message ?? error).split("\n")[0]}`);
  }
}

function hold(what, why) {
  if (!what) throw new Error(why);
}

const at = path => base + path;
const home = line => `/lines/${line}`;
const third = lines[2] ?? lines.at(-1);

await look("the worker installs, and without a network its page says so", () => within({}, async (page, context) => {
  await page.goto(at(home(lines[0])));
  const ready = page.evaluate(() => navigator.serviceWorker.ready.then(() => "ready"));
  const state = await Promise.race([ready, new Promise(done => setTimeout(done, 8000, "never"))]);
  hold(state === "ready", "the worker does not install");
  await page.reload();
  await context.setOffline(true);
  await page.goto(at("/bills"));
  const text = await page.locator("body").innerText();
  hold(/オフライン|接続できません|電波/.test(text), `not the offline page: ${text.slice(0, 60)}`);
  const colour = await page.evaluate(() => getComputedStyle(document.querySelector(".card")).borderRadius);
  hold(colour !== "0px", "the offline page has lost its style");
  const kept = await page.evaluate(async () => {
    const found = [];
    for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
    return found;
  });
  hold(kept.every(path => path === "/offline.html" || path.startsWith("/a/")), `kept on the device: ${kept}`);
}));

await look("line 3 stays chosen from page to page", () => within({}, async page => {
  await page.goto(at(home(third)));
  const title = await page.title();
  hold(lines.length < 2 || / \S+ \| /.test(title), `the title does not say the line: ${title}`);
  const menu = page.locator("nav.bar a");
  for (const place of [2, 3, 4, 2]) {
    await menu.nth(place).click();
    hold(new URL(page.url()).searchParams.get("line") === third, `lost at ${page.url()}`);
  }
  await menu.nth(1).click();
  hold(page.url().includes(third), `usage leads to ${page.url()}`);
  await menu.nth(0).click();
  hold(page.url().endsWith(home(third)), `home leads to ${page.url()}`);
}));

await look("back after sign-out shows nothing", () => within({}, async page => {
  await page.goto(at("/sign-in"));
  await page.goto(at(home(lines[0])));
  // A sign-out of its own, so that the session of the other looks lives on: the cookie alone goes.
  await page.context().clearCookies({ name: cookieName });
  await page.goto(at("/sign-in"));
  await page.goBack();
  await page.waitForLoadState();
  await page.waitForTimeout(300);
  const text = await page.locator("body").innerText();
  hold(!/\d+\.\d\d\s*GB/.test(text), "figures are shown after sign-out");
}));

await look("at 200 % text the bar leaves the screen to the page", () => within({}, async page => {
  await page.goto(at(home(lines[0])));
  const client = await page.context().newCDPSession(page);
  await client.send("Page.setFontSizes", { fontSizes: { standard: 32, fixed: 26 } });
  await page.reload();
  const bar = await page.evaluate(() => {
    const bar = document.querySelector("nav.bar");
    return { fixed: getComputedStyle(bar).position === "fixed", share: bar.getBoundingClientRect().height / innerHeight };
  });
  hold(!bar.fixed || bar.share < 0.2, `the bar takes ${Math.round(bar.share * 100)} % of the screen`);
}));

await look("forced colours mark one tab, the right one", () => within({ forcedColors: "active" }, async page => {
  await page.goto(at("/bills"));
  const marks = await page.evaluate(() => [...document.querySelectorAll("nav.bar a")].map(tab => {
    const style = getComputedStyle(tab);
    const line = ["Top", "Bottom"].some(side => style[`border${side}Width`] !== "0px" && style[`border${side}Style`] !== "none");
    return line || style.outlineStyle !== "none";
  }));
  hold(marks.filter(Boolean).length === 1 && marks[2], `marked: ${marks}`);
}));

await look("a link that was visited is no other colour", () => within({}, async page => {
  await page.goto(at(home(lines[0])));
  const rules = await page.evaluate(() => [...document.styleSheets].flatMap(sheet => [...sheet.cssRules]).some(rule => rule.cssText.includes(":visited")));
  hold(!rules, "the style has a rule for visited links");
}));

await look("a day of the chart can be picked", () => within({}, async page => {
  await page.goto(at(`${home(lines[0])}/usage`));
  const box = await page.locator("[data-plot]").boundingBox();
  const day = await page.evaluate(() => Number(document.querySelector("tr[data-day]").dataset.day));
  await page.mouse.click(box.x + box.width * (day - 0.5) / 31, box.y + box.height / 2);
  const said = await page.locator("[data-picked]").innerText();
  hold(/GB/.test(said), `nothing is said: ${said}`);
}));

await look("on a wide screen the bar is on top and home has two columns", () => within({ viewport: { width: 1280, height: 844 } }, async page => {
  await page.goto(at(home(lines[0])));
  const seen = await page.evaluate(() => {
    const bar = document.querySelector("nav.bar").getBoundingClientRect();
    const lefts = new Set([...document.querySelectorAll("main .card")].map(card => Math.round(card.getBoundingClientRect().left)));
    return { top: bar.top, columns: lefts.size };
  });
  hold(seen.top < 200, `the bar begins at ${seen.top} px`);
  hold(seen.columns === 2, `${seen.columns} columns`);
}));

const account = [
  "/lines", "/bills", "/notices", "/devices", "/devices/tokens", "/disclosures", "/settings", "/export", "/account/merge", "/account/password",
  "/account/second-factor", "/account/confirm", "/help",
];
const paths = [...["", "/usage", "/buckets", "/purchases", "/contract", "/speed"].map(part => home(lines[0]) + part), ...account];

await look("every page works without script", () => within({ javaScriptEnabled: false }, async page => {
  for (const path of paths) {
    const reply = await page.goto(at(path));
    hold(reply.status() === 200 && await page.locator("h1").count() === 1, `${path}: ${reply.status()}`);
  }
}));

for (const language of ["ja", "en"]) for (const colorScheme of ["light", "dark"]) for (const width of [320, 390, 1280]) {
  await look(`pages in ${language}, ${colorScheme}, ${width} px`, () => within({ language, colorScheme, viewport: { width, height: 844 } }, async page => {
    const problems = [];
    page.on("console", message => { if (message.type() === "error") problems.push(message.text()); });
    for (const path of paths) {
      await page.goto(at(path));
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) problems.push(`${path}: ${over} px wider than the screen`);
      await page.evaluate(axe);
      const found = await page.evaluate(() => axe.run(document, { runOnly: { type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } }));
      for (const violation of found.violations) problems.push(`${path}: ${violation.id} (${violation.nodes[0]?.target})`);
    }
    hold(problems.length === 0, `${problems.length}: ${problems.slice(0, 4).join("; ")}`);
  }));
}

await look("home weighs 14 KB at most in five requests", () => within({ serviceWorkers: "block" }, async page => {
  let octets = 0;
  const asked = [];
  page.on("requestfinished", async request => {
    const sizes = await request.sizes();
    octets += sizes.responseBodySize + sizes.responseHeadersSize;
    asked.push(new URL(request.url()).pathname);
  });
  await page.goto(at(home(lines[0])), { waitUntil: "networkidle" });
  await page.waitForTimeout(500);
  console.log(`   ${octets} octets in ${asked.length} requests: ${asked.join(" ")}`);
  hold(octets <= 14 * 1024 && asked.length <= 5, `${octets} octets in ${asked.length} requests`);
}));

await look("home is painted within 1.7 s at 400 kbit/s and 400 ms", () => within({ serviceWorkers: "block" }, async (page, context) => {
  const client = await context.newCDPSession(page);
  await client.send("Network.enable");
  await client.send("Network.emulateNetworkConditions", { offline: false, latency: 400, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8 });
  const paints = [];
  for (let round = 0; round < 3; round += 1) {
    await client.send("Network.clearBrowserCache");
    await page.goto(at(home(lines[0])), { waitUntil: "load" });
    await page.waitForTimeout(300);
    paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0].startTime));
  }
  const median = paints.sort((one, other) => one - other)[1];
  console.log(`   first paint ${Math.round(median)} ms, median of ${paints.map(Math.round).join(", ")}`);
  hold(median <= 1700, `${Math.round(median)} ms`);
}));

await look("a line that was named is shown by its name", () => within({}, async page => {
  for (const [name, shown] of [["おばあちゃん", true], ["", false]]) {
    await page.goto(at(`/lines?line=${lines[0]}`));
    const form = page.locator(`form[action*="${third}/name"]`);
    await form.locator("xpath=..").locator("summary").click();
    await form.locator("input[name=name]").fill(name);
    await form.locator("button").click();
    hold(/said=named/.test(page.url()), `not saved: ${page.url()}`);
    await page.goto(at(home(third)));
    hold((await page.title()).includes("おばあちゃん") === shown, await page.title());
  }
}));

if (shots) {
  mkdirSync(shots, { recursive: true });
  for (const language of ["ja", "en"]) await within({ language, deviceScaleFactor: 2 }, async page => {
    for (const path of paths) {
      await page.goto(at(path));
      const name = path.replace(`/lines/${lines[0]}`, "home").replace(/^\//, "").replace(/\//g, "-");
      await page.screenshot({ path: join(shots, `${language}-${name}.png`) });
    }
  });
}

// Last, because the session ends with it.
await look("back after a real sign-out shows nothing", () => within({}, async page => {
  await page.goto(at(home(lines[0])));
  await page.goto(at("/settings"));
  await page.locator('form[action="/sign-out"] button').click();
  hold(/signed-out/.test(page.url()), `not signed out: ${page.url()}`);
  for (let step = 0; step < 2; step += 1) {
    await page.goBack();
    await page.waitForLoadState();
    await page.waitForTimeout(300);
    const text = await page.locator("body").innerText();
    const inside = await page.locator("nav.bar").count();
    hold(!/\d+\.\d\d\s*GB/.test(text) && inside === 0, `shown after sign-out at ${page.url()}`);
  }
}));

await browser.close();
console.log(`${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
