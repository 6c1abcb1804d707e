/** Prints what the widget costs a page, and fails over budget. Sizes are gzip, as a server sends them. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const dist = new URL("dist/", import.meta.url);
const BUDGETS = [
  { what: "before the click", limit: 3 * 1024, holds: (name) => name === "widget.js" },
  { what: "after the click", limit: 15 * 1024, holds: (name) => name !== "widget.js" },
];

const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => ({
    name: entry.name,
    size: gzipSync(readFileSync(`${entry.parentPath}/${entry.name}`)).length,
  }));

for (const { what, limit, holds } of BUDGETS) {
  const counted = files.filter(({ name }) => holds(name));
  const total = counted.reduce((sum, { size }) => sum + size, 0);
  const names = counted.map(({ name, size }) => `${name} ${size}`).join(", ");
  console.log(`widget, ${what}: ${total} of ${limit} bytes (gzip): ${names}`);
  if (counted.length === 0 || total > limit) process.exitCode = 1;
}
