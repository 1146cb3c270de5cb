/** Small models of the goldens, and servers of them that listen, for tests. */
import { fileURLToPath } from 'node:url';
import { createAttn, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { loadModel, type Encoder, type PairScorer } from '@attn/models/node';
import { afterAll, beforeAll } from 'vitest';
import { createServer, type ModelServer, type ServeOptions } from './index.ts';

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../models/goldens/${name}`, import.meta.url));

/** Folders of models. */
export const [ENCODER, PROMPTED, SCORER] = [
  golden('tasks/st-mean'),
  golden('today/st/embeddinggemma_hub'),
  golden('classic/sentence/cross_sigmoid'),
];

/** Set before the first test of a file that calls `useModels`. */
export let encoder: Encoder;
export let scorer: PairScorer;
export let attn: Attn;

const servers: ModelServer[] = [];

/** Loads the models before the tests of a file; after them, lets go of them and of all servers. */
export function useModels(): void {
  beforeAll(async () => {
    attn = await createAttn({ backends: [cpu()] });
    encoder = await loadModel(ENCODER, { attn, for: 'encode' });
    scorer = await loadModel(SCORER, { attn, for: 'rank' });
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await attn.dispose();
  });
}

/** The address of a new server. */
export async function serve(model: Encoder | PairScorer, options: ServeOptions = {}): Promise<string> {
  const server = createServer(model, { name: 'tiny', onWarning: () => {}, ...options });
  servers.push(server);
  return server.listen({ port: 0 });
}

/** What bodies hold; each answer has some of it. */
export interface Body {
  readonly data: readonly {
    readonly embedding: number[];
    readonly ids: number[];
    readonly offsets: unknown;
  }[];
  readonly results: readonly { readonly index: number; readonly relevance_score: number }[];
  readonly usage: { readonly total_tokens: number };
  readonly error: { readonly message: string; readonly type: string; readonly code: string | null };
}

/** An answer of a server. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** Asks with a body of JSON. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}
