// Pictures of the dashboard of a demonstration that runs. Called by tools/pictures: URL DIRECTORY

import { createRequire } from "node:module";
import { join } from "node:path";

const [url, out] = process.argv.slice(2);
const require = createRequire(join(process.env.NFV_DASHBOARD_TOOLS, "node_modules", "x"));
const { chromium } = require("playwright-core");

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"],
});

async function open(name, height = 820) {
  const context = await browser.newContext({ viewport: { width: 1280, height }, colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(60000);
  await page.goto(`${url}/#/${name}`);
  await page.waitForSelector("main h1");
  await page.waitForSelector(".link[data-state=live]");
  return page;
}

try {
  const overview = await open("overview");
  await overview.waitForTimeout(500);
  await overview.screenshot({ path: join(out, "dashboard.png") });

  // the server that crashed: the row of a list is asked for by its name, since ids are the cloud's
  const state = await (await fetch(`${url}/console/api/state`)).json();
  const column = (name) => state.columns.indexOf(name);
  const crashed = state.instances.find((row) => row[column("name")] === "web-0");
  const instance = await open(`instance/${crashed[column("uuid")]}`);
  await instance.waitForSelector(".decision-item");
  await instance.click(".decision-item:first-child summary");
  await instance.screenshot({ path: join(out, "decisions.png") });

  const busiest = state.hosts.map((host) => host.name).filter((name) => name.startsWith("compute"))
    .map((name) => [state.instances.filter((row) => row[column("host")] === name).length, name])
    .sort((a, b) => b[0] - a[0])[0][1];
  const host = await open(`host/${busiest}`);
  await host.click(".preview button:has-text('Lock')");
  await host.waitForSelector(".move");
  await host.locator(".preview").scrollIntoViewIfNeeded();
  await host.locator(".preview").screenshot({ path: join(out, "preview.png") });
} finally {
  await browser.close();
}
