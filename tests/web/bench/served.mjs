// served.mjs - a real `secvf serve` for a bench: its API, its statuses, its processes
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const END_S = 10;

/** A process and all that it has started, now. */
export function tree(pid) {
  const all = [pid];
  for (let i = 0; i < all.length; i++) {
    try {
      for (const thread of readdirSync(`/proc/${all[i]}/task`)) all.push(...readFileSync(`/proc/${all[i]}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number));
    } catch { /* it has ended */ }
  }
  return all;
}

const kilobytes = (path, key) => {
  try {
    return Number(new RegExp(`^${key}:\\s+(\\d+)`, "m").exec(readFileSync(path, "latin1"))?.[1] ?? 0);
  } catch {
    return 0; // it has ended
  }
};

/** Bytes of memory of these processes, each page that they share counted once among its holders. */
export const pss = (pids) => pids.reduce((sum, pid) => sum + kilobytes(`/proc/${pid}/smaps_rollup`, "Pss"), 0) * 1024;

/** Processor time that a process or thread has had, by its /proc/.../stat, in ticks. Throws where it has ended. */
export function ticks(path) {
  const fields = readFileSync(path, "latin1").replace(/^.*\) /s, "").split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** Start `secvf serve --start -- WORDS...` in a home of its own. */
export async function serve(words) {
  const home = mkdtempSync(join(tmpdir(), "secvf-bench-"));
  const child = spawn(process.env.SECVF, ["serve", "--start", "--", ...words], {
    env: { ...process.env, AVF_HOME: home, XDG_CONFIG_HOME: join(home, "config") }, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const within = (s) => Promise.race([ended, new Promise((resolve) => setTimeout(resolve, s * 1000, null))]);
  /** By a signal; one that still decodes what was skipped after END_S is killed with all that it has started, and it is said. */
  const end = async () => {
    child.kill("SIGINT");
    if (!(await within(END_S))) {
      console.log(`secvf serve has not ended ${END_S} s after SIGINT; it is killed`);
      for (const pid of tree(child.pid).reverse()) {
        try {
          process.kill(pid, "SIGKILL");
        } catch { /* it has ended */ }
      }
      await ended;
    }
    rmSync(home, { recursive: true, force: true });
  };
  const first = await Promise.race([once(createInterface({ input: child.stdout }), "line"), ended.then(() => null)]);
  if (!first) {
    await end();
    throw new Error(`secvf serve ended with ${child.exitCode}`);
  }
  const url = new URL(first[0]);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const to = { host: url.hostname, port: url.port };
  const bearer = { Authorization: `Bearer ${url.searchParams.get("token")}` };
  const call = (method, path, body) => new Promise((resolve, reject) => {
    const headers = { ...bearer, ...(body && { "Content-Type": "application/json" }) };
    const r = http.request({ ...to, method, path, headers, agent }, (a) => {
      const parts = [];
      a.on("data", (d) => parts.push(d));
      a.on("end", () => (a.statusCode === 200 ? resolve(JSON.parse(Buffer.concat(parts))) : reject(new Error(`${method} ${path}: ${a.statusCode} ${Buffer.concat(parts)}`))));
    });
    r.on("error", reject);
    r.end(body && JSON.stringify(body));
  });
  /** Statuses by the event stream, until good(status). */
  const until = (good) => new Promise((resolve, reject) => {
    const r = http.get({ ...to, path: "/api/events", headers: bearer }, (a) => {
      let event = "";
      createInterface({ input: a }).on("line", (line) => {
        if (line.startsWith("event:")) event = line.slice(6).trim();
        if (!line.startsWith("data:") || event !== "status") return;
        const status = JSON.parse(line.slice(5));
        if (!good(status)) return;
        r.destroy();
        resolve(status);
      }).on("error", () => {});
    });
    r.on("error", reject);
  });
  /** Resident megabytes of the server and what it has started. */
  const memory = () => Math.round(tree(child.pid).reduce((sum, pid) => sum + kilobytes(`/proc/${pid}/status`, "VmRSS"), 0) / 1024);
  return { url, pid: child.pid, home, call, until, memory, end };
}
