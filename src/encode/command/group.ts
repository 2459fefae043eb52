import { type ChildProcess, spawn } from "node:child_process";

const running = new Set<ChildProcess>();
const endAll = () => {
  for (const child of running) endGroup(child);
};

/** Ends a process that was started as the head of a group, and all of its group, at once. */
export function endGroup(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  if (process.platform === "win32") {
    if (child.exitCode === null)
      spawn("taskkill", ["/pid", String(pid), "/t", "/f"], { stdio: "ignore", windowsHide: true }).on(
        "error",
        () => child.kill("SIGKILL"),
      );
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // None of the group is left.
  }
}

/** Ends the group of `child` when this process ends first; returns what calls that off. */
export function onOwnEnd(child: ChildProcess): () => void {
  if (running.size === 0) process.on("exit", endAll);
  running.add(child);
  return () => {
    running.delete(child);
    if (running.size === 0) process.off("exit", endAll);
  };
}
