import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// The server that answers the API while developing: the mock (npm run mock) or a real `headway serve --dev`.
const api = process.env.HEADWAY_API ?? "http://127.0.0.1:5199";

export default defineConfig({
  plugins: [react()],
  build: {
    outDir: "dist",
    target: ["chrome123", "firefox121", "safari17.5"],
    // A strict CSP has no `data:` for scripts or fonts: every asset is a file of its own.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  worker: { format: "es" },
  server: {
    port: 5173,
    strictPort: true,
    proxy: { "/api": { target: api, changeOrigin: true }, "/health": { target: api } },
  },
});
