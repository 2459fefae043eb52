import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contents, run, start } from "../study/command.ts";
import { drawnPage, drawnStudy } from "../view/studies.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-view-command-"));
let study: string;
let page: string[];

beforeAll(async () => {
  study = await drawnStudy(base);
  page = ["--page", drawnPage(base)];
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Starts the explorer; gives what it printed once it listens. */
async function shown(...args: string[]) {
  const child = start(["view", ...args, ...page]);
  let printed = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on("data", (text) => {
      printed += text;
      if (/\/\S*"?\n/.test(printed)) resolve();
    });
    void child.ended.then(({ stderr }) => reject(new Error(stderr)));
  });
  return { child, printed };
}

test("the address is printed, serves the study, and Ctrl-C ends it with nothing written", async () => {
  const before = contents(base);
  const { child, printed } = await shown(study, "--no-open");
  const [url, how] = printed.split("\n");
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(how).toBe("Ctrl-C ends it.");
  expect((await fetch(new URL("data/index.json", url))).status).toBe(200);
  // A connection that stays open does not keep it.
  const open = fetch(new URL("data/0/crops.npy", url)).catch(() => null);
  child.kill("SIGINT");
  expect(await child.ended).toMatchObject({ code: 0, stderr: "" });
  await open;
  expect(contents(base)).toEqual(before);
});

test("a study file names the folder beside it, and --json gives the address", async () => {
  const { child, printed } = await shown(`${study}.json`, "--json");
  const { url, ...rest } = JSON.parse(printed);
  expect(rest).toEqual({});
  expect((await fetch(url)).status).toBe(200);
  child.kill("SIGTERM");
  expect((await child.ended).code).toBe(0);
});

test("with --host the token is printed, and that the network is not encrypted", async () => {
  const { child, printed } = await shown(study, "--json", "--host", "0.0.0.0");
  const { url, token } = JSON.parse(printed);
  expect(url).toContain(`/?token=${token}`);
  expect((await fetch(new URL("data/index.json", url))).status).toBe(401);
  child.kill("SIGINT");
  expect((await child.ended).stderr).toMatch(/^note: .* is not encrypted; /);
});

test("a port in use ends with exit code 3; that of the option is asked for alone", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as { port: number };
  expect(await run(["view", study, "--port", String(port), ...page])).toMatchObject({
    code: 3,
    stderr: `cellswap: port ${port} is in use; give another one as --port\n`,
  });
  taken.close();
  // Two at once: the second takes a port that is free.
  const [first, second] = [await shown(study), await shown(study)];
  expect(first.printed).not.toBe(second.printed);
  for (const { child } of [first, second]) child.kill("SIGINT");
  expect((await Promise.all([first.child.ended, second.child.ended])).map(({ code }) => code)).toEqual([
    0, 0,
  ]);
});

test("an export says what it takes and what serves it", async () => {
  const site = join(base, "site");
  const { code, stdout, stderr } = await run(["view", study, "--export", site, ...page]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/ will take 0\.\d MB\n$/) });
  expect(stdout).toBe(
    `${site}: ${Object.keys(contents(site)).length} files, ${/take (.*)\n/.exec(stderr)![1]}\nAny web host serves it: python3 -m http.server -d ${site}\n`,
  );
  const again = await run(["view", study, "--export", site, ...page]);
  expect(again).toMatchObject({ code: 1, errors: [expect.stringContaining("is not empty")] });
  const plain = await run(["view", study, "--export", `${site}-2`, "--no-encoders", "--json", ...page]);
  expect(JSON.parse(plain.stdout).without).toEqual([
    { encoder: "tiny", why: "its network was left out of the export" },
  ]);
});

test("what cannot be shown is told in one line", async () => {
  const line = async (...args: string[]) => {
    const { code, stdout, errors } = await run(["view", ...args, ...page]);
    expect({ code, stdout, lines: errors.length }).toEqual({ code: 1, stdout: "", lines: 1 });
    return errors[0];
  };
  expect(await line(join(base, "nothing"))).toMatch(/nothing: is not a study folder/);
  expect(await line(join(base, "cells"))).toMatch(/cells: is not a study folder/);
  writeFileSync(join(base, "other.json"), "{}");
  expect(await line(join(base, "other.json"))).toMatch(/other\.study: is not a study folder/);
  expect(await line(study, "--export", "x", "--programs")).toMatch(/an export runs no programs/);
  renameSync(join(base, "cells"), join(base, "moved"));
  expect(await line(study)).toMatch(
    /cells: the cells of the study are not there; give their folder as --cells/,
  );
  const { child } = await shown(study, "--cells", join(base, "moved"));
  child.kill("SIGINT");
  expect((await child.ended).code).toBe(0);
});
