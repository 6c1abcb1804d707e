import { defineConfig } from "vite";

export default defineConfig({
  build: {
    target: "es2022",
    // The gateway's policy is script-src 'self', style-src 'self': nothing may be inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    // `npm run dev` beside a running `make up`.
    proxy: { "/api": { target: process.env.GUICHET_PUBLIC_URL ?? "http://localhost:8080", ws: true } },
  },
});
