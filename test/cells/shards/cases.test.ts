import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { mergeImport } from "../../../src/cells/shards/merge-import.ts";
import { importStatus } from "../../../src/cells/shards/parts.ts";
import { main } from "../../../src/commands/main.ts";
import { mulberry32, namedSeed, shuffle } from "../../../src/core/rng.ts";
import { tree } from "../../faults/harness.ts";

interface Run {
  readonly argv: readonly string[];
  readonly exit: number;
}

const cases = resolve(import.meta.dirname, "../../cases/import");
const scratch = mkdtempSync(join(tmpdir(), "cellswap-shards-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const runs = readdirSync(cases).flatMap((name) => {
  const list = JSON.parse(readFileSync(join(cases, name, "case.json"), "utf8")) as Run[];
  const good = list.flatMap(({ argv, exit }, i): [string, readonly string[], string][] =>
    exit === 0 && argv[0] === "import" ? [[`${name} ${i + 1}`, argv, name]] : [],
  );
  // Manifests differ in how they are read, which shards have nothing to do with.
  return name.startsWith("manifest-") ? good.slice(0, 1) : good;
});

async function command(argv: readonly string[], input: string, out: string): Promise<unknown> {
  const outputs: string[] = [];
  const errors: string[] = [];
  const spies = [
    vi.spyOn(console, "error").mockImplementation((line) => void errors.push(String(line))),
    vi.spyOn(console, "log").mockImplementation((line) => void outputs.push(String(line))),
    vi.spyOn(process.stderr, "write").mockReturnValue(true),
  ];
  try {
    const given = argv.map((a) => a.replaceAll("{case}", input).replaceAll("{out}", out));
    expect(await main(given), errors.join("\n")).toBe(0);
    return argv.includes("--json") ? JSON.parse(outputs.join("\n")) : outputs.join("\n");
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

test.each(runs)(
  "%s: shards in any order end in the store of one import",
  async (title, given, name) => {
    const argv = [...given.filter((a) => a !== "--json"), "--json"];
    const input = join(cases, name, "input");
    const place = mkdtempSync(join(scratch, "case-"));
    const [one, many] = [join(place, "one"), join(place, "many")];
    const whole = (await command(argv, input, one)) as { notes: string[]; cells: number };
    const random = mulberry32(namedSeed(17, "shards", title));
    const count = 1 + Math.floor(random() * (whole.cells + 2));
    const order = shuffle([...Array(count).keys()], random);
    for (const index of [...order, order[0]])
      await command([...argv, "--shard", `${index}/${count}`], input, many);
    expect(importStatus(many)).toMatchObject({ shards: count, done: count, missing: [] });
    const summary = await mergeImport(many);
    expect(tree(many)).toEqual(tree(one));
    // What is said of a table of labels is said by each shard.
    const said = whole.notes.slice(whole.notes.length - summary.notes.length);
    expect({ ...summary, out: one }).toEqual({ ...whole, notes: said });
    expect(readdirSync(place).sort(), "nothing is left beside it").toEqual(["many", "one"]);
    expect(existsSync(`${many}.shards`)).toBe(false);
  },
  30_000,
);
