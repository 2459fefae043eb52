import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { built } from "../built.ts";

const root = resolve(import.meta.dirname, "../..");

/** How a command ended. */
export interface Ended {
  /** null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of standard error that are neither progress nor findings. */
  readonly errors: readonly string[];
}

/** Starts `cellswap ARGS` from {@link built}; `shell` is put before it (`ulimit -f 8; `). */
export function start(args: readonly string[], shell = ""): ChildProcess & { ended: Promise<Ended> } {
  const words = [process.execPath, join(built(), "cli.js"), ...args];
  const quoted = words.map((w) => `'${w.replace(/'/g, "'\\''")}'`).join(" ");
  const child =
    shell === ""
      ? spawn(words[0], words.slice(1), { cwd: root })
      : spawn("bash", ["-c", `${shell} exec ${quoted}`], { cwd: root });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  const ended = new Promise<Ended>((done) => {
    child.on("close", (code) => {
      const errors = stderr
        .split("\n")
        .filter(
          (line) =>
            line !== "" &&
            !/^(check cells|segment|plan|scales|look at crops|try encoders|measure|encode|classify|learning curve|probes|remedy|sensitivity|report|note|warning): /.test(
              line,
            ),
        );
      done({ code, stdout, stderr, errors });
    });
  });
  return Object.assign(child, { ended });
}

/** Runs `cellswap ARGS` to its end. */
export function run(args: readonly string[], shell = ""): Promise<Ended> {
  return start(args, shell).ended;
}

/** SHA-256 of every file below a folder, by its path in it. */
export function contents(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .sort()
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [
        name,
        createHash("sha256")
          .update(readFileSync(join(folder, name)))
          .digest("hex"),
      ]),
  );
}

/** When every file below a folder was last written. */
export function times(folder: string): Record<string, number> {
  return Object.fromEntries(
    Object.keys(contents(folder)).map((name) => [name, statSync(join(folder, name)).mtimeMs]),
  );
}
