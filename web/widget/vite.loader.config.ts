import { defineConfig } from "vite";

/** `/widget.js`: one classic script, so that the host page needs nothing but a script tag. */
export default defineConfig({
  build: {
    target: ["chrome123", "firefox120", "safari17.5"],
    emptyOutDir: false,
    lib: { entry: "loader/widget.ts", formats: ["iife"], name: "guichet", fileName: () => "widget.js" },
  },
});
