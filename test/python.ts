import { spawnSync } from "node:child_process";

/**
 * Runs a Python to its end. Arrow gets one thread: with more, pyarrow 26.0.1 aborts about every tenth process at its
 * exit ("terminate called without an active exception"), after all that it was asked for is done.
 */
export function runPython(
  args: readonly string[],
  { program = "python3", cwd }: { readonly program?: string; readonly cwd?: string } = {},
) {
  return spawnSync(program, args, {
    encoding: "utf8",
    env: { ...process.env, OMP_NUM_THREADS: "1" },
    ...(cwd !== undefined && { cwd }),
  });
}

/** Whether a Python has these modules. */
export function hasModules(modules: readonly string[], program = "python3"): boolean {
  return runPython(["-c", `import ${modules.join(", ")}`], { program }).status === 0;
}
