import { spawn } from "node:child_process";

/** Opens a file or an address with what the system uses for it; a system without one is no error. */
export function openInBrowser(what: string): void {
  const [program, ...first] =
    process.platform === "darwin"
      ? ["open"]
      : process.platform === "win32"
        ? ["cmd", "/c", "start", ""]
        : ["xdg-open"];
  spawn(program, [...first, what], { stdio: "ignore", detached: true })
    .on("error", () => {})
    .unref();
}
