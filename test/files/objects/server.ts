import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** An S3-compatible server on this machine that tests own. */
export interface ObjectServer {
  readonly endpoint: string;
  /** What a program needs to reach it. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** Credentials that only this server knows; tests look for them where none may be. */
export const KEY = "CELLSWAPTESTKEY00001";
export const SECRET = "cellswap/test+secret/never0shown";
export const BUCKET = "cells";

/** The server's program: `versitygw` of the Go registry (.ci/object-server installs it); undefined where it is not there. */
const program = ["versitygw", join(goPath(), "bin/versitygw")].find(
  (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
);

/** Whether there is a server to test with. */
export const HAS_SERVER = program !== undefined;

/** Starts a server with one empty bucket. */
export async function startServer(): Promise<ObjectServer> {
  const folder = mkdtempSync(join(tmpdir(), "cellswap-objects-"));
  for (const name of ["data", "sidecar", "users"]) mkdirSync(join(folder, name));
  mkdirSync(join(folder, "data", BUCKET));
  const port = await freePort();
  const server = spawn(
    program!,
    [
      "--port",
      `127.0.0.1:${port}`,
      "--quiet",
      "posix",
      "--sidecar",
      join(folder, "sidecar"),
      join(folder, "data"),
    ],
    { env: { ...process.env, ROOT_ACCESS_KEY: KEY, ROOT_SECRET_KEY: SECRET }, stdio: "ignore" },
  );
  const endpoint = `http://127.0.0.1:${port}`;
  await answers(endpoint, server);
  return {
    endpoint,
    env: environment(endpoint),
    async stop() {
      const ended = new Promise((done) => server.once("exit", done));
      server.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Variables for a program that reaches the server at `endpoint`. */
export function environment(endpoint: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: KEY,
    AWS_SECRET_ACCESS_KEY: SECRET,
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

function goPath(): string {
  const found = spawnSync("go", ["env", "GOPATH"], { encoding: "utf8" });
  return found.status === 0 ? found.stdout.trim() : "/nowhere";
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function answers(endpoint: string, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}`);
    try {
      await fetch(endpoint);
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error("the server does not answer");
}
