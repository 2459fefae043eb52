// Loaded before a command (`node --require`): counts what it writes below a folder, file operation by file operation, in
// all of its threads, and kills the process at one of them or records them all. CELLSWAP_FAULTS says which, in JSON:
// { root, at?, half?, log? } - root: the folder; at: the operation, from 1, before which the process is killed (`half`:
// in the middle of which, where it writes bytes); log: file for the record.
const fs = require("node:fs");
const path = require("node:path");
const threads = require("node:worker_threads");
const { syncBuiltinESMExports } = require("node:module");

const KEY = "cellswap-faults";
const given = process.env.CELLSWAP_FAULTS;
if (threads.isMainThread && given !== undefined) {
  delete process.env.CELLSWAP_FAULTS;
  // [operations, lock of the record, writes that were counted]
  threads.setEnvironmentData(KEY, { ...JSON.parse(given), shared: new Int32Array(new SharedArrayBuffer(12)) });
}
const config = threads.getEnvironmentData(KEY);
if (config !== undefined) install(config);

function install({ root, at = 0, half = false, log, shared }) {
  const real = { ...fs };
  const files = new Map();
  const logFile = log === undefined ? undefined : real.openSync(log, "a");
  const inside = (name) => typeof name === "string" && path.resolve(name).startsWith(root + path.sep);

  /** One operation: `begun` does half of it. */
  function operation(entry, run, begun) {
    const locked = logFile !== undefined;
    while (locked && Atomics.compareExchange(shared, 1, 0, 1) !== 0) Atomics.wait(shared, 1, 1, 5);
    try {
      const number = entry.op === "look" ? 0 : Atomics.add(shared, 0, 1) + 1;
      if (at > 0 && number === at && (!half || begun !== undefined)) {
        if (half) begun();
        process.kill(process.pid, "SIGKILL");
        for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      }
      const result = run();
      if (locked) {
        const { data, ...rest } = entry;
        const line = { ...rest, result: typeof result === "number" ? result : undefined };
        if (data !== undefined) line.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
        real.writeSync(logFile, `${JSON.stringify(line)}\n`);
      }
      return result;
    } finally {
      if (locked) {
        Atomics.store(shared, 1, 0);
        Atomics.notify(shared, 1);
      }
    }
  }

  const writes = (flags) =>
    typeof flags === "number" ? (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0 : /[wa+]/.test(flags ?? "r");

  fs.openSync = (name, flags, mode) => {
    if (!inside(name)) return real.openSync(name, flags, mode);
    const whole = path.resolve(name);
    if (!writes(flags)) {
      const file = real.openSync(name, flags, mode);
      files.set(file, whole);
      if (logFile !== undefined) operation({ op: "look", path: whole, file }, () => undefined);
      return file;
    }
    const file = operation({ op: "open", path: whole, flags: flagsOf(flags) }, () => real.openSync(name, flags, mode));
    files.set(file, whole);
    return file;
  };
  const flagsOf = (flags) => {
    if (typeof flags !== "number") return flags;
    const { O_CREAT, O_TRUNC } = fs.constants;
    return `${flags & O_TRUNC ? "w" : "r"}${flags & O_CREAT ? "c" : ""}+`;
  };
  fs.closeSync = (file) => {
    files.delete(file);
    return real.closeSync(file);
  };
  fs.writeSync = (file, data, ...rest) => {
    if (!files.has(file) || rest[0] !== null && typeof rest[0] === "object") return real.writeSync(file, data, ...rest);
    let bytes = typeof data === "string" ? Buffer.from(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    let position = typeof data === "string" ? rest[0] : rest[2];
    if (typeof data !== "string") bytes = bytes.subarray(rest[0] ?? 0, (rest[0] ?? 0) + (rest[1] ?? bytes.length - (rest[0] ?? 0)));
    position = typeof position === "number" ? position : null;
    return operation(
      { op: "write", file, position, data: bytes },
      () => real.writeSync(file, bytes, 0, bytes.length, position),
      () => real.writeSync(file, bytes, 0, bytes.length >> 1, position),
    );
  };
  fs.writeFileSync = (name, data, options) => {
    if (typeof name === "number" ? !files.has(name) : !inside(name)) return real.writeFileSync(name, data, options);
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const file = typeof name === "number" ? name : fs.openSync(name, options?.flag ?? "w", options?.mode);
    try {
      if (bytes.length > 0) fs.writeSync(file, bytes, 0, bytes.length, null);
    } finally {
      if (typeof name !== "number") fs.closeSync(file);
    }
  };
  fs.ftruncateSync = (file, length = 0) =>
    files.has(file)
      ? operation({ op: "truncate", file, length }, () => real.ftruncateSync(file, length))
      : real.ftruncateSync(file, length);
  for (const name of ["fsyncSync", "fdatasyncSync"])
    fs[name] = (file) =>
      files.has(file) ? operation({ op: "sync", file }, () => real[name](file)) : real[name](file);
  for (const name of ["renameSync", "linkSync"])
    fs[name] = (from, to) =>
      inside(from) || inside(to)
        ? operation({ op: name.slice(0, -4), path: path.resolve(from), to: path.resolve(to) }, () => real[name](from, to))
        : real[name](from, to);
  for (const [name, op] of [["unlinkSync", "unlink"], ["rmdirSync", "rmdir"]])
    fs[name] = (of) =>
      inside(of) ? operation({ op, path: path.resolve(of) }, () => real[name](of)) : real[name](of);
  fs.mkdirSync = (name, options) => {
    if (!inside(name)) return real.mkdirSync(name, options);
    const whole = path.resolve(name);
    if (options?.recursive !== true) return operation({ op: "mkdir", path: whole }, () => real.mkdirSync(name, options));
    if (real.existsSync(whole)) return undefined;
    const made = fs.mkdirSync(path.dirname(whole), { recursive: true });
    fs.mkdirSync(whole);
    return made ?? whole;
  };
  fs.mkdtempSync = (prefix) => {
    if (!inside(prefix)) return real.mkdtempSync(prefix);
    const name = prefix + Math.random().toString(36).slice(2, 8);
    fs.mkdirSync(name);
    return name;
  };
  fs.rmSync = (name, options) => {
    if (!inside(name)) return real.rmSync(name, options);
    const there = real.lstatSync(name, { throwIfNoEntry: false });
    if (there === undefined || (there.isDirectory() && options?.recursive !== true)) return real.rmSync(name, options);
    if (!there.isDirectory()) return fs.unlinkSync(name);
    for (const entry of real.readdirSync(name)) fs.rmSync(path.join(name, entry), options);
    fs.rmdirSync(name);
  };
  fs.copyFileSync = (from, to) =>
    inside(to) ? fs.writeFileSync(to, real.readFileSync(from)) : real.copyFileSync(from, to);
  for (const name of ["appendFileSync", "truncateSync", "cpSync", "symlinkSync", "createWriteStream"])
    fs[name] = (...given) => {
      if (given.some(inside)) throw new Error(`test/faults/preload.cjs does not know ${name}`);
      return real[name](...given);
    };
  const promises = { ...fs.promises };
  fs.promises.writeFile = async (name, data, options) =>
    inside(name) ? fs.writeFileSync(name, data, options) : promises.writeFile(name, data, options);
  fs.promises.mkdir = async (name, options) =>
    inside(name) ? fs.mkdirSync(name, options) : promises.mkdir(name, options);
  for (const name of ["rm", "rename", "unlink", "appendFile", "cp", "copyFile"])
    fs.promises[name] = async (...given) => {
      if (given.some(inside)) throw new Error(`test/faults/preload.cjs does not know promises.${name}`);
      return promises[name](...given);
    };

  // Threads of ours are started without the options of the process.
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(file, options = {}) {
      super(file, { ...options, execArgv: [...(options.execArgv ?? []), "--require", __filename] });
    }
  };
  syncBuiltinESMExports();
}
