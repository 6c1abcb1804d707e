import { defineConfig, type Plugin } from "vite";

/** Vite's own helper preloads style sheets and modules of lazy parts. Ours have none, and it would cost 600 bytes. */
const plainImports: Plugin = {
  name: "plain-imports",
  enforce: "pre",
  load: {
    filter: { id: /vite\/preload-helper/ },
    handler: () => "export const __vitePreload = (load) => load();",
  },
};

/**
 * The tokens are the console's too: those that nothing here uses are left out, and those that are the same in every
 * theme are written out where they are used.
 */
const leanTokens: Plugin = {
  name: "lean-tokens",
  generateBundle(_, bundle) {
    const files = Object.values(bundle);
    const css = files.find((file) => file.type === "asset" && file.fileName.endsWith(".css"));
    if (css?.type !== "asset") return;
    const declarations = String(css.source).matchAll(/(--[a-z\d-]+):([^;{}]+);?/g);
    for (const [declaration, name, value = ""] of [...declarations]) {
      const constant = /^--(font|leading|radius|size|space|weight)/.test(`${name}`);
      const use = `var(${name})`;
      let used = false;
      for (const file of files) {
        const text = file.type === "chunk" ? file.code : String(file.source);
        used ||= text.includes(use);
        const written = constant ? text.replaceAll(use, value) : text;
        if (file.type === "chunk") file.code = written;
        else file.source = written;
      }
      if (constant || !used) css.source = String(css.source).replace(declaration, "");
    }
  },
};

/** The frame: loaded on demand, Preact. The loader has a configuration of its own. */
export default defineConfig({
  base: "/widget/",
  // As `preact/jsx-runtime` would, with what the frame has anyway.
  oxc: {
    jsx: { runtime: "classic", pragma: "h", pragmaFrag: "Fragment" },
    jsxInject: 'import { Fragment, h } from "preact"',
  },
  plugins: [plainImports, leanTokens],
  build: {
    // `light-dark()` and adopted style sheets: browsers from the spring of 2024.
    target: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: false,
    rollupOptions: {
      input: "frame.html",
      output: {
        // Apart, so that what is loaded only by those who need it can be counted by itself.
        chunkFileNames: ({ isDynamicEntry }) => `assets/${isDynamicEntry ? "later/" : ""}[name]-[hash].js`,
      },
    },
  },
});
