/**
 * One process at a time has a folder's database open: two would ruin it. The file `attn.lock` in the folder
 * names that process.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AttnError } from '@attn/core';

interface Holder {
  readonly pid: number;
  readonly host: string;
  readonly id: string;
}

/** Two processes that take over the same dead lock see each other within this time. */
const SETTLE_MS = 30;

/**
 * Takes the lock of a folder, also that of a process of this machine that has died. Returns what gives it
 * back. Errors: `RUN_FAILED` while another process has it.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'attn.lock');
  const own: Holder = { pid: process.pid, host: hostname(), id: randomUUID() };
  for (;;) {
    if (await create(file, own)) break;
    const holder = await readHolder(file);
    if (holder !== undefined && !isDead(holder)) throw inUse(folder, holder);
    await rm(file, { force: true });
  }
  await sleep(SETTLE_MS);
  const holder = await readHolder(file);
  if (holder !== undefined && holder.id !== own.id) throw inUse(folder, holder);
  return async () => {
    if ((await readHolder(file))?.id === own.id) await rm(file, { force: true });
  };
}

async function create(file: string, holder: Holder): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    await handle.writeFile(JSON.stringify(holder));
    await handle.close();
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Who has the lock; undefined where the file is gone or is none. */
async function readHolder(file: string): Promise<Holder | undefined> {
  for (let attempt = 0; attempt < 5; attempt++) {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      return JSON.parse(text) as Holder;
    } catch {
      await sleep(SETTLE_MS); // it is being written
    }
  }
  return undefined;
}

/** A process of another machine counts as alive. */
function isDead({ pid, host }: Holder): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

function inUse(folder: string, { pid, host }: Holder): AttnError {
  const message =
    `the store ${folder} is open in process ${pid} of ${host}: wait for it, or use a server ` +
    `(postgres://…), which many processes share`;
  return new AttnError('RUN_FAILED', 'corpus/store', message);
}
