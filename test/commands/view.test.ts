import { spawn } from "node:child_process";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { main } from "../../src/commands/main.ts";
import { contents } from "../study/command.ts";
import { drawnPage, drawnStudy } from "../view/studies.ts";

const base = mkdtempSync(join(tmpdir(), "cellswap-view-command-"));
let study: string;
let page: string[];

beforeAll(async () => {
  study = await drawnStudy(base);
  page = ["--page", drawnPage(base)];
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Runs a command that ends by itself. */
async function run(...args: string[]): Promise<{ code: number; out: string; said: string }> {
  const printed = { out: "", said: "" };
  const say = (line: unknown) => void (printed.said += line);
  vi.spyOn(console, "log").mockImplementation((line: string) => void (printed.out += `${line}\n`));
  vi.spyOn(console, "error").mockImplementation((line: string) => say(`${line}\n`));
  vi.spyOn(process.stderr, "write").mockImplementation((line) => say(line) === undefined);
  try {
    return { code: await main(["view", ...args, ...page]), ...printed };
  } finally {
    vi.restoreAllMocks();
  }
}

/** Starts the explorer; gives what it printed once it listens. */
async function shown(...args: string[]) {
  const cli = resolve(import.meta.dirname, "../../src/cli.ts");
  const child = spawn(process.execPath, ["--import", "tsx", cli, "view", ...args, ...page]);
  let [printed, said] = ["", ""];
  child.stderr.on("data", (text) => (said += text));
  const ended = new Promise<{ code: number | null; said: string }>((done) => {
    child.on("close", (code) => done({ code, said }));
  });
  await new Promise<void>((listens, fails) => {
    child.stdout.on("data", (text) => {
      printed += text;
      if (/(?:ends it\.|\})\n$/.test(printed)) listens();
    });
    void ended.then(() => fails(new Error(said)));
  });
  const end = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  return { printed, end };
}

test("the address is printed, serves the study, and Ctrl-C ends it with nothing written", async () => {
  const before = contents(base);
  const { printed, end } = await shown(study, "--no-open");
  const [url, how] = printed.split("\n");
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
  expect(how).toBe("Ctrl-C ends it.");
  expect((await fetch(new URL("data/index.json", url))).status).toBe(200);
  // A connection that stays open does not keep it.
  const open = fetch(new URL("data/0/crops.npy", url)).catch(() => null);
  expect(await end("SIGINT")).toEqual({ code: 0, said: "" });
  await open;
  expect(contents(base)).toEqual(before);
});

test("a study file names the folder beside it, and --json gives the address; a second one takes another port", async () => {
  const [first, second] = await Promise.all([shown(`${study}.json`, "--json"), shown(study, "--json")]);
  const urls = [first, second].map(({ printed }) => {
    const { url, ...rest } = JSON.parse(printed);
    expect(rest).toEqual({});
    return url;
  });
  expect(urls[0]).not.toBe(urls[1]);
  for (const url of urls) expect((await fetch(url)).status).toBe(200);
  expect((await first.end("SIGTERM")).code).toBe(0);
  expect((await second.end("SIGINT")).code).toBe(0);
});

test("with --host the token is printed, and that the network is not encrypted", async () => {
  const { printed, end } = await shown(study, "--json", "--host", "0.0.0.0");
  const { url, token } = JSON.parse(printed);
  expect(url).toContain(`/?token=${token}`);
  expect((await fetch(new URL("data/index.json", url))).status).toBe(401);
  expect((await end("SIGINT")).said).toMatch(/^note: .* is not encrypted; /);
});

test("a port of the option that is in use ends with exit code 3", async () => {
  const taken = createServer();
  await new Promise<void>((listens) => taken.listen(0, "127.0.0.1", listens));
  const { port } = taken.address() as { port: number };
  const said = `cellswap: port ${port} is in use; give another one as --port\n`;
  expect(await run(study, "--port", String(port))).toEqual({ code: 3, out: "", said });
  taken.close();
});

test("an export says what it takes and what serves it", async () => {
  const site = join(base, "site");
  const { code, out, said } = await run(study, "--export", site);
  expect([code, said]).toEqual([0, expect.stringMatching(/site will take 0\.\d MB\n$/)]);
  const size = /take (.*)\n/.exec(said)![1];
  expect(out).toBe(
    `${site}: ${Object.keys(contents(site)).length} files, ${size}\nAny web host serves it: python3 -m http.server -d ${site}\n`,
  );
  expect(await run(study, "--export", site)).toMatchObject({
    code: 1,
    said: expect.stringContaining("site: is not empty; export to another folder"),
  });
  const plain = await run(study, "--export", `${site}-2`, "--no-encoders", "--json");
  expect(JSON.parse(plain.out).without).toEqual([
    { encoder: "tiny", why: "its network was left out of the export" },
  ]);
});

test("what cannot be shown is told in one line", async () => {
  const line = async (...args: string[]) => {
    const { code, out, said } = await run(...args);
    expect({ code, out, lines: said.split("\n").length }).toEqual({ code: 1, out: "", lines: 2 });
    return said;
  };
  expect(await line(join(base, "nothing"))).toMatch(/nothing: is not a study folder/);
  expect(await line(join(base, "cells"))).toMatch(/cells: is not a study folder/);
  writeFileSync(join(base, "other.json"), "{}");
  expect(await line(join(base, "other.json"))).toMatch(/other\.study: is not a study folder/);
  expect(await line(study, "--export", "x", "--programs")).toMatch(/an export runs no programs/);
  renameSync(join(base, "cells"), join(base, "moved"));
  expect(await line(study)).toMatch(/cells: the cells of the study are not there; give their folder/);
  const moved = ["--cells", join(base, "moved"), "--export", join(base, "third")];
  expect((await run(study, ...moved)).code).toBe(0);
});
