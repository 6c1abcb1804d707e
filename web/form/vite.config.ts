import { defineConfig } from "vite";

/** Served by `requests`: the pages under /forms/{key} and /proofs, their files under /forms/assets. */
export default defineConfig({
  base: "/forms/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    // `light-dark()`: browsers from the spring of 2024.
    target: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: false,
    rollupOptions: { input: ["form.html", "proof.html"] },
  },
});
