/**
 * Locks between processes: a file that exists while its owner works. The owner touches it now and then.
 * A lock counts as left behind when its process is gone, or when nobody has touched it for a while, so that
 * a killed process does not block others. Two owners at once are unlikely, but must do no harm: both
 * write the same bytes to the same places, and hashes are checked.
 */
import { link, mkdir, open, readFile, rename, rm, stat, utimes, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from './cache-error.ts';

/** The owner of a lock. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Tells owners apart that have the pid of an earlier one. */
  readonly token: string;
}

/** When an owner is silent, in milliseconds. */
interface LockTimes {
  /** Between an owner's signs of life. */
  readonly touch: number;
  /** Without a sign of life, after which a lock counts as left behind. */
  readonly silence: number;
}

const TIMES: LockTimes = { touch: 2_000, silence: 20_000 };

/** Milliseconds between two looks at a lock. */
const LOOK_MS = 100;

/** A lock that this process has. */
export class FileLock {
  private readonly path: string;
  private readonly token: string;
  private readonly timer: ReturnType<typeof setInterval>;

  private constructor(path: string, token: string, { touch }: LockTimes) {
    this.path = path;
    this.token = token;
    this.timer = setInterval(() => {
      const now = new Date();
      void utimes(path, now, now).catch(() => {});
    }, touch);
    this.timer.unref();
  }

  /**
   * Waits for the lock; undefined when `isDone` says that it is no longer needed. Rejects with the reason of
   * `signal`, and with errors of the file system.
   */
  static async take(
    path: string,
    isDone: () => Promise<boolean>,
    signal: AbortSignal,
    times: LockTimes = TIMES,
  ): Promise<FileLock | undefined> {
    await mkdir(dirname(path), { recursive: true });
    for (let sighting: Sighting | undefined; ;) {
      signal.throwIfAborted();
      if (await isDone()) return undefined;
      const token = await create(path);
      if (token !== undefined) return new FileLock(path, token, times);
      sighting = await look(path, sighting, times);
      if (sighting?.isLeftBehind) await remove(path, sighting);
      else await sleep(LOOK_MS, undefined, { signal });
    }
  }

  /** Gives the lock back. */
  async release(): Promise<void> {
    clearInterval(this.timer);
    // Another process may have taken it for left behind.
    if ((await readOwner(this.path))?.token === this.token) await rm(this.path, { force: true });
  }
}

/** The process that has a lock: `process 123 on host`; undefined for a lock that is left behind. */
export async function ownerOf(path: string): Promise<string | undefined> {
  const lock = await look(path, undefined, TIMES);
  if (lock === undefined || lock.isLeftBehind || Date.now() - lock.lastSign > TIMES.silence) return undefined;
  return lock.owner === undefined ? 'another process' : `process ${lock.owner.pid} on ${lock.owner.host}`;
}

/** A look at another's lock. */
interface Sighting {
  readonly owner: Owner | undefined;
  /** The time of the last sign of life, by the clock of the file system. */
  readonly lastSign: number;
  /** When this sign was first seen, by our own clock. Clocks of a network's file systems differ. */
  readonly since: number;
  readonly isLeftBehind: boolean;
}

async function look(
  path: string,
  before: Sighting | undefined,
  { silence }: LockTimes,
): Promise<Sighting | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return undefined;
  const owner = await readOwner(path);
  const isUnchanged = before?.lastSign === stats.mtimeMs && before.owner?.token === owner?.token;
  const since = before !== undefined && isUnchanged ? before.since : performance.now();
  const isGone = owner?.host === hostname() && !isRunning(owner.pid);
  const isLeftBehind = isGone || performance.now() - since > silence;
  return { owner, lastSign: stats.mtimeMs, since, isLeftBehind };
}

/** Removes a lock that is left behind, unless another process has just done so and has the lock now. */
async function remove(path: string, { owner }: Sighting): Promise<void> {
  const aside = `${path}.${crypto.randomUUID()}`;
  await rename(path, aside).catch(() => {});
  const isNew = (await readOwner(aside))?.token !== owner?.token;
  if (isNew) await link(aside, path).catch(() => {});
  await rm(aside, { force: true });
}

/** Creates a lock and returns its token; undefined when there is a lock. */
async function create(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx');
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined;
    throw error;
  }
  const owner: Owner = { pid: process.pid, host: hostname(), token: crypto.randomUUID() };
  try {
    await file.writeFile(JSON.stringify(owner));
    return owner.token;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const { pid, host, token } = JSON.parse(await readFile(path, 'utf8')) as Partial<Record<string, unknown>>;
    if (!Number.isSafeInteger(pid) || typeof host !== 'string' || typeof token !== 'string') return undefined;
    return { pid: Number(pid), host, token };
  } catch {
    // The owner has just created it, or has just removed it.
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user may not be asked, but is there.
    return codeOf(error) === 'EPERM';
  }
}
