import { setTimeout as sleep } from "node:timers/promises";

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether a process ends within a minute. */
export async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 1200 && alive(pid); i++) await sleep(50);
  return !alive(pid);
}
