import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { cacheFolder } from "../../../src/files/objects/cache.ts";

// As of a user whom /etc/passwd does not name.
vi.mock("node:os", async (original) => ({
  ...(await original<typeof import("node:os")>()),
  userInfo: () => {
    throw new Error("A system error occurred: uv_os_get_passwd returned ENOENT (no such file or directory)");
  },
}));

test("a user without a name has a cache of its own", () => {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-cache-"));
  const before = { ...process.env };
  try {
    delete process.env.CELLSWAP_CACHE;
    process.env.TMPDIR = folder;
    const path = cacheFolder();
    expect(path).toBe(join(folder, `cellswap-cache-${process.getuid!()}`));
    expect(statSync(path).mode & 0o777).toBe(0o700);
  } finally {
    process.env = before;
    rmSync(folder, { recursive: true, force: true });
  }
});
