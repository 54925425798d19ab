import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const SERVED_API = process.env.SPANFOLD_ENDPOINT ?? "http://localhost:4319";

/** Compressed once, as the last step of the build, so that serving a file costs the server no CPU. */
function compressed(): Plugin {
  return {
    name: "spanfold-compressed",
    apply: "build",
    writeBundle({ dir = "" }, bundle) {
      for (const fileName of Object.keys(bundle)) {
        const path = join(dir, fileName);
        writeFileSync(`${path}.gz`, gzipSync(readFileSync(path), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  plugins: [react(), compressed()],
  build: {
    outDir: "../spanfold_query_api/web/dist",
    emptyOutDir: true,
    // Inlined files would be data: addresses, which the content security policy refuses for scripts and fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  server: {
    proxy: Object.fromEntries(["/v1", "/api", "/gateway", "/health"].map((path) => [path, SERVED_API])),
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});
