import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/**
 * The server serves `static/` below `static/` and `static/index.html` beside it. All addresses are relative: a proxy
 * may show the whole below a path.
 */
export default defineConfig({
  base: "./",
  experimental: {
    renderBuiltUrl: (file, { hostType }) => (hostType === "html" ? `static/${file}` : { relative: true }),
  },
  plugins: [react(), tailwindcss()],
  build: {
    outDir: "funcnodes_react_flow/static",
    emptyOutDir: true,
    target: "es2023",
    chunkSizeWarningLimit: 400,
    rolldownOptions: {
      output: {
        // What changes rarely is cached apart from our own code.
        codeSplitting: {
          groups: [
            {
              name: "react",
              test: /node_modules[\\/](react|react-dom|scheduler|zustand|use-sync-external-store)[\\/]/,
              priority: 3,
            },
            { name: "flow", test: /node_modules[\\/](@xyflow|d3-)/, priority: 2 },
          ],
        },
      },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}", "tests/**/*.test.ts"],
    restoreMocks: true,
  },
});
