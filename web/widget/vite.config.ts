import { defineConfig } from "vite";

/** The frame: loaded on demand, Preact. The loader has a configuration of its own. */
export default defineConfig({
  base: "/widget/",
  build: {
    // `light-dark()` and adopted style sheets: browsers from the spring of 2024.
    target: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: false,
    rollupOptions: { input: "frame.html" },
  },
});
