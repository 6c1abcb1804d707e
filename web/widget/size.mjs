/** Prints what the widget costs a page, and fails over budget. Sizes are gzip, as a server sends them. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("dist/", import.meta.url);
const BUDGETS = [
  { what: "before the click", limit: 3 * 1024, holds: (path) => path === "widget.js" },
  { what: "after the click", limit: 16 * 1024, holds: (path) => path !== "widget.js" && !isLater(path) },
  { what: "when it is first needed", holds: isLater },
];

function isLater(path) {
  return path.startsWith("assets/later/");
}

const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => ({
    path: `${parentPath}/${name}`.slice(dist.pathname.length).replace(/^\//, ""),
    size: gzipSync(readFileSync(`${parentPath}/${name}`)).length,
  }));

for (const { what, limit = Number.POSITIVE_INFINITY, holds } of BUDGETS) {
  const counted = files.filter(({ path }) => holds(path));
  const total = counted.reduce((sum, { size }) => sum + size, 0);
  const names = counted.map(({ path, size }) => `${path} ${size}`).join(", ");
  console.log(`widget, ${what}: ${total} ${limit < total + 1e9 ? `of ${limit} ` : ""}bytes (gzip): ${names}`);
  if (counted.length === 0 || total > limit) process.exitCode = 1;
}
