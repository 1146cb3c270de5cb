/**
 * A process of its own that loads a model from a hub, for tests of several processes at once. Its argument
 * is JSON; it prints one line of JSON.
 */
import { AttnError } from '@attn/core';
import '@attn/tokenizers';
import { hubStore } from './hub-store.ts';

/** What the process is to do. */
export interface Errand {
  readonly id: string;
  readonly hubUrl: string;
  readonly cacheFolder: string;
  readonly revision?: string;
  readonly idleTimeout?: number;
  /** The user as which the process runs. Root may write everywhere. */
  readonly uid?: number;
}

/** What came of it. */
export interface Outcome {
  /** The length of the weights. */
  readonly bytes?: number;
  readonly code?: string;
  readonly message?: string;
}

if (process.argv[2] !== undefined) {
  const { uid, id, ...options } = JSON.parse(process.argv[2]) as Errand;
  if (uid !== undefined) process.setuid?.(uid);
  console.log(JSON.stringify(await run(id, options)));
}

async function run(id: string, options: Omit<Errand, 'id' | 'uid'>): Promise<Outcome> {
  try {
    const store = await hubStore(id, options);
    return { bytes: (await store.bytes('model.safetensors', 2 ** 30))?.length };
  } catch (error) {
    const code = error instanceof AttnError ? error.code : 'not an AttnError';
    return { code, message: error instanceof Error ? error.message : String(error) };
  }
}
