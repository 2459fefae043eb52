import { createContext, Script } from "node:vm";

/** Most seconds of one call into a library that reads what others wrote. */
export const MOST_SECONDS = 3;
/** Most by which a busy machine prolongs them. */
const MOST_SHARED = 4;

const place = createContext({ call: undefined });
const script = new Script("call()");

/** That a call did not come to an end in time. Whatever it was in is in an unknown state, and not to be used again. */
export class LateError extends Error {
  constructor(seconds: number) {
    super(`it did not come to an end within ${seconds} s`);
  }
}

/**
 * What `call` gives, which is stopped after `seconds` (more where the process had a share of the machine), also in a loop of WebAssembly.
 * Costs about a tenth of a millisecond.
 * @throws LateError where it was stopped
 */
export function withinTime<T>(call: () => T, seconds = MOST_SECONDS): T {
  const { user, system } = process.cpuUsage();
  const others = Math.min(MOST_SHARED, Math.max(1, (process.uptime() * 1e6) / (user + system)));
  const { call: outer } = place;
  place.call = call;
  try {
    return script.runInContext(place, { timeout: Math.ceil(seconds * others * 1000) }) as T;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT")
      throw new LateError(seconds);
    throw cause;
  } finally {
    place.call = outer;
  }
}

/** How often the processor's time is looked at, ms. */
const LOOK = 50;
/** How many times as long as the processor's time the clock's may be. */
const MOST_WAITING = 20;

/**
 * Calls `late` once this process has used `seconds` of the processor, or has done nothing for so long that 20 times as
 * many have gone by: what a thread of it takes does not depend on what else a busy machine does.
 * @returns ends the watch
 */
export function afterProcessorTime(seconds: number, late: () => void): () => void {
  const before = process.cpuUsage();
  const start = performance.now();
  const timer = setInterval(
    () => {
      const { user, system } = process.cpuUsage(before);
      const waited = (performance.now() - start) / 1000;
      if ((user + system) / 1e6 < seconds && waited < MOST_WAITING * seconds) return;
      clearInterval(timer);
      late();
    },
    Math.min(LOOK, 1000 * seconds),
  );
  return () => clearInterval(timer);
}
