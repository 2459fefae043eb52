import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prepare, WAYS, type Way } from "./hostile/ways.ts";
import { contents, type Ended, start } from "./study/command.ts";

/** Files that made a reader hang, abort, take gigabytes, or pass damage on. */
const hostile = resolve(import.meta.dirname, "../../shared/hostile");
const scratch = mkdtempSync(join(tmpdir(), "cellswap-hostile-"));

/** Most memory of a process, MB. */
const MEMORY = 500;
/** Own time of a command over that of `cellswap --version`, seconds: three times what is promised, for busy machines. */
const SECONDS = 3;
/** The same, where something must be unpacked or a network is run. */
const SECONDS_UNPACKED = 15;

/** Seconds after which a command is ended that hangs. */
const HANGS = 60;

/** Without what a store remembers of files that were found to be right. */
const kept = (files: Record<string, string>) =>
  Object.entries(files).filter(([name]) => !name.endsWith("checked.json"));

/** What a command said and took. */
interface Measured extends Ended {
  readonly seconds: number;
  readonly memory: number;
}

const MEASURE = `
const { appendFileSync } = require("node:fs");
const file = process.env.MEASURED;
process.on("exit", () => {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  appendFileSync(file, JSON.stringify([maxRSS / 1024, (userCPUTime + systemCPUTime) / 1e6]) + "\\n");
});`;

/** Runs a command; memory is the most of any of its processes, time that of all of them. */
async function measured(args: readonly string[], place: string): Promise<Measured> {
  const file = join(place, "measured.txt");
  const hook = join(scratch, "measure.cjs");
  const child = start(args, `export NODE_OPTIONS='--require ${hook}' MEASURED='${file}';`);
  const clock = setTimeout(() => child.kill("SIGKILL"), HANGS * 1000);
  const ended = await child.ended;
  clearTimeout(clock);
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  rmSync(file, { force: true });
  const used = lines.map((line) => JSON.parse(line) as [number, number]);
  return {
    ...ended,
    memory: Math.max(0, ...used.map(([memory]) => memory)),
    seconds: used.reduce((sum, [, seconds]) => sum + seconds, 0),
  };
}

const trials = WAYS.flatMap(([folder, ways, files = /./]) =>
  (existsSync(join(hostile, folder))
    ? readdirSync(join(hostile, folder), { recursive: true, encoding: "utf8" })
    : []
  )
    .map((name) => join(hostile, folder, name))
    .filter((file) => files.test(file) && !/\.json$|w\.bin$/.test(file) && statSync(file).isFile())
    .sort()
    .flatMap((file) => ways.map((way): [string, string, Way] => [relative(hostile, file), way.name, way])),
);

describe.skipIf(!existsSync(hostile))("files that hurt", () => {
  let idle = 0;
  let before: Record<string, string>;
  beforeAll(async () => {
    prepare(scratch);
    writeFileSync(join(scratch, "measure.cjs"), MEASURE);
    idle = (await measured(["--version"], scratch)).seconds;
    before = contents(hostile);
  });
  afterAll(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  test("every file is an input of some command", () => {
    const given = new Set(trials.map(([file]) => file));
    const all = readdirSync(hostile, { recursive: true, encoding: "utf8" });
    const files = all.filter(
      (name) => statSync(join(hostile, name)).isFile() && !/README|\.json$|w\.bin$/.test(name),
    );
    expect(files.filter((name) => !given.has(name))).toEqual([]);
  });

  test.concurrent.for(trials)("%s: %s", async ([name, , way], { expect }) => {
    const file = join(hostile, name);
    const place = mkdtempSync(join(scratch, "trial-"));
    const args = way.put(file, place);
    const was = contents(place);
    const { code, stderr, errors, seconds, memory } = await measured(args, place);
    const exit = way.exit(file);
    if (exit === null) expect([0, 1], stderr).toContain(code);
    else expect(code, stderr).toBe(exit);
    if (code === 1) {
      expect(stderr).not.toMatch(/unexpected error/);
      const said = errors.filter((text) => !/^(import|find cells|segment|check): /.test(text));
      const [line, ...more] = said;
      expect(more, stderr).toEqual([]);
      expect(line).toMatch(/^cellswap: /);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what no message holds
      expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
      expect(line.length).toBeLessThan(1000 + place.length + file.length);
      if (way.begins?.(file) !== true) expect(kept(contents(place))).toEqual(kept(was));
    }
    expect(memory).toBeGreaterThan(10);
    expect(memory).toBeLessThan(MEMORY);
    expect(seconds - idle).toBeLessThan(
      /onnx|tiff|silent|hdf5|deeploc/.test(name) ? SECONDS_UNPACKED : SECONDS,
    );
  });

  test("none of them was changed", () => {
    expect(contents(hostile)).toEqual(before);
  });
});
