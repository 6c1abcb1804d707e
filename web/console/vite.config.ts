import { defineConfig } from "vite";

const gateway = process.env.GUICHET_PUBLIC_URL ?? "http://localhost:8080";

export default defineConfig({
  build: {
    target: "es2022",
    // The gateway's policy is script-src 'self', style-src 'self': nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    // `npm run dev` beside a running `make up`, which answers its own pages only: the proxy speaks as one of them.
    proxy: { "/api": { target: gateway, ws: true, headers: { origin: gateway } } },
  },
});
