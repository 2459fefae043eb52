import { setTimeout as sleep } from "node:timers/promises";
import { InterruptedError } from "../../errors.ts";
import type { ShardStatus } from "./parts.ts";

/** How often a shared disk is asked, milliseconds. */
const EVERY = 1000;

/**
 * Waits until all shards are seen, or `seconds` are over: a disk that machines share may show late what others wrote.
 * @param tell called with what is there as long as something lacks @throws InterruptedError on `signal`
 */
export async function awaitShards(
  look: () => ShardStatus,
  seconds: number,
  signal: AbortSignal | undefined,
  tell: (status: ShardStatus) => void = () => {},
): Promise<ShardStatus> {
  const end = performance.now() + 1000 * seconds;
  for (;;) {
    const status = look();
    const left = end - performance.now();
    if (status.missing.length === 0 || left <= 0) return status;
    tell(status);
    try {
      await sleep(Math.min(EVERY, left), undefined, signal === undefined ? {} : { signal });
    } catch {
      throw new InterruptedError("stopped; nothing was written", { path: status.path });
    }
  }
}
