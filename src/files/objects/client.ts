import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { S3Client } from "@aws-sdk/client-s3";
import { type Deed, isPassing, objectError, stoppedWaiting } from "./faults.ts";
import type { Place } from "./place.ts";

/** The official client, loaded when the first object is asked for. */
export type Library = typeof import("@aws-sdk/client-s3");

interface Opened {
  readonly library: Library;
  readonly client: S3Client;
}

let opened: { readonly from: string; readonly client: Promise<Opened> } | undefined;

/** Connections at a time. */
export const CONNECTIONS = 16;
/** How often something is asked for until it counts as failed, and how long is waited for an answer, milliseconds. */
const ATTEMPTS = 6;
const SILENCE = 30_000;
const PAUSE = 200;

/**
 * The client of this process. Credentials, region and server come from where every program of AWS looks for them:
 * `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`, profiles
 * (`AWS_PROFILE`), the role of a container or machine.
 */
async function open(): Promise<Opened> {
  const { env } = process;
  // On Node 20 it says at every start that later versions of it need another.
  env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
  const library = await import("@aws-sdk/client-s3");
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  const region =
    env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? (endpoint === undefined ? undefined : "us-east-1");
  const client = new library.S3Client({
    ...(region === undefined ? {} : { region }),
    // Other servers than that of AWS know buckets by path, and not all know its newer check sums.
    ...(endpoint === undefined ? {} : { forcePathStyle: true }),
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: 10_000,
      socketTimeout: SILENCE,
      httpAgent: AGENT,
      httpsAgent: AGENT,
    },
    logger: SILENT,
  });
  return { library, client };
}

/** The client, opened anew where the environment names another server or other credentials. */
function current(): Promise<Opened> {
  const { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID } = process.env;
  const from = [AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID].join("\n");
  if (opened?.from !== from) opened = { from, client: open() };
  return opened.client;
}

const AGENT = { maxSockets: CONNECTIONS, keepAlive: true };
const nothing = () => {};
const SILENT = { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

export interface AskOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks for something of an object; what may pass (a busy server, a broken connection, a body that ends early) is tried
 * again, each time after a longer pause.
 * @throws DataError naming the object and the remedy, nothing of the credentials; InterruptedError after `signal`;
 * what `expected` accepts as it is
 */
export async function ask<T>(
  place: Place,
  deed: Deed,
  work: (client: S3Client, library: Library, options: { abortSignal?: AbortSignal }) => Promise<T>,
  { signal, expected = () => false }: AskOptions & { readonly expected?: (error: unknown) => boolean } = {},
): Promise<T> {
  const { client, library } = await current();
  // Every connection listens to it; Node takes more than ten for a leak, and says so.
  if (signal !== undefined) setMaxListeners(0, signal);
  for (let attempt = 1; ; attempt++)
    try {
      return await work(client, library, signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      if (signal?.aborted) throw stoppedWaiting();
      if (expected(error)) throw error;
      if (attempt === ATTEMPTS || !isPassing(error)) throw objectError(error, place, deed);
      // Many shards meet a busy server at once: each comes back at a time of its own.
      await sleep(PAUSE * 2 ** (attempt - 1) * (0.5 + Math.random()));
      if (signal?.aborted) throw stoppedWaiting();
    }
}
