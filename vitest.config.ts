import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 240_000,
    hookTimeout: 120_000,
    pool: "forks",
    globalSetup: ["test/web/clean.ts"],
    reporters: ["default", "./test/count-reporter.ts"],
  },
});
