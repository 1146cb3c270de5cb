// Whatever a public function gets: it takes it, or one typed sentence says what is wrong with it. Every
// exported function is here.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AttnError, createAttn, show, zeros, type Attn } from '@attn/core';
import { cpu } from '@attn/cpu';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { goldenFolder, readGolden } from './goldens.testing.ts';
import * as models from './node.ts';

let attn: Attn;
let folder: string;
let calls: ReadonlyMap<string, PublicCall>;

/** How a function is called, and with what it works. */
interface PublicCall {
  readonly call: (...values: never[]) => unknown;
  readonly valid: readonly unknown[];
}

/** What plain JavaScript may pass. */
const untyped = (value: unknown): never => value as never;

const HOSTILE = new Proxy(
  {},
  {
    get: () => {
      throw new TypeError('trap');
    },
    ownKeys: () => {
      throw new TypeError('trap');
    },
  },
);

const SCALARS: readonly unknown[] = [
  undefined,
  null,
  true,
  0,
  -1,
  0.5,
  NaN,
  Infinity,
  7n,
  Symbol('s'),
  'x',
  '',
];
const LISTS: readonly unknown[] = [[], [NaN], ['x'], [[]], [null], Float32Array.of(0.5)];
const BUFFERS = [new ArrayBuffer(4), new DataView(new ArrayBuffer(4))];
const OBJECTS = [{}, { x: 1 }, new Map([[1, 2]]), new Set([1]), new Date(0), /x/, () => {}, HOSTILE];
const WRONG: readonly unknown[] = [...SCALARS, ...LISTS, ...BUFFERS, ...OBJECTS];

/** Objects whose fields are tried as well: options and batches. */
const options = new WeakSet<object>();
const tried = <T extends object>(fields: T): T => {
  options.add(fields);
  return fields;
};

beforeAll(async () => {
  attn = await createAttn({ backends: [cpu()] });
  folder = await mkdtemp(join(tmpdir(), 'attn-arguments-'));
  const [long, lm, words, vectors, short] = await Promise.all(
    ['longformer_short', 'reformer_lm', 'linformer_lm', 'linformer_encoder', 'roberta_encoder'].map(
      readGolden,
    ),
  );
  const longformer = await models.longformer.load(long.checkpoint);
  const reformer = await models.reformer.load(lm.checkpoint);
  const linformer = await models.linformer.load(words.checkpoint);
  const embedded = await models.linformer.load(vectors.checkpoint);
  const tokenizer = models.byteTokenizer(-60);
  const encoder = new models.LoadedModel(longformer, undefined, attn);
  const writer = new models.LoadedModel(reformer, tokenizer, attn);
  const store = models.folderStore(goldenFolder('longformer_short'));
  const read = tried({ signal: new AbortController().signal, onProgress: () => {}, inMemory: true });
  const hub = {
    revision: 'main',
    accessToken: 'hf_x',
    hubUrl: 'http://127.0.0.1:1',
    cacheFolder: folder,
    offline: true,
  };
  const load = tried({ ...read, architecture: 'LongformerModel', attn, families: models.FAMILIES });
  const http = { fetch: () => Promise.reject(new TypeError('no network')), headers: {}, signal: read.signal };
  const batch = tried({
    inputIds: [[0, 5]],
    attentionMask: [[1, 2]],
    globalAttentionMask: [[1, 0]],
    tokenTypeIds: [[0, 0]],
  });
  const padded = tried({ inputIds: [[0, 5]], attentionMask: [[1, 0]] });
  const inputsEmbeds = zeros('f32', [1, 2, 32]);
  const fixed = tried({ batch: 1, length: 4 });
  const run = tried({ backend: 'cpu', signal: read.signal, onProgress: () => {} });
  const family = (one: models.ModelFamily, config: object): readonly (readonly [string, PublicCall])[] => [
    [`${one.name}.recognises`, { call: one.recognises.bind(one), valid: [config] }],
    [`${one.name}.slots`, { call: one.slots.bind(one), valid: [{ config, has: () => true }, undefined] }],
    [`${one.name}.tokenizer`, { call: (value) => one.tokenizer?.(value), valid: [config] }],
  ];
  calls = new Map<string, PublicCall>([
    [
      'loadModel',
      {
        call: models.loadModel,
        valid: [goldenFolder('longformer_short'), tried({ ...load, ...hub, ...http, onDownload: () => {} })],
      },
    ],
    ['loadFrom', { call: models.loadFrom, valid: [store, load] }],
    [
      'openCheckpoint',
      { call: models.openCheckpoint, valid: [models.urlStore('http://127.0.0.1:1/', { attempts: 1 })] },
    ],
    ['urlStore', { call: models.urlStore, valid: ['http://127.0.0.1:1/', tried({ ...http, attempts: 1 })] }],
    ['folderStore', { call: models.folderStore, valid: [folder, 'a name'] }],
    [
      'hubStore',
      {
        call: models.hubStore,
        valid: ['org/name', tried({ ...hub, fetch: http.fetch, signal: read.signal, onDownload: () => {} })],
      },
    ],
    [
      'writeCheckpoint',
      { call: models.writeCheckpoint, valid: [join(folder, 'out'), short.checkpoint, read] },
    ],
    [
      'toLongformer',
      {
        call: models.toLongformer,
        valid: [short.checkpoint, tried({ window: [4, 4], maxPositions: 100, sepTokenId: 2 })],
      },
    ],
    [
      'memoryCheckpoint',
      { call: models.memoryCheckpoint, valid: [{}, new Map([['a', zeros('f32', [1])]]), 'a name'] },
    ],
    [
      'randomCheckpoint',
      {
        call: models.randomCheckpoint,
        valid: [
          models.longformer,
          long.checkpoint.config,
          tried({ seed: 1, architecture: 'LongformerModel', dtype: 'f16' }),
        ],
      },
    ],
    ['byteTokenizer', { call: models.byteTokenizer, valid: [2] }],
    ['byteTokenizer.encode', { call: tokenizer.encode, valid: ['abc'] }],
    ['byteTokenizer.decode', { call: tokenizer.decode, valid: [[5, 6]] }],
    [
      'longformer.load',
      {
        call: models.longformer.load,
        valid: [long.checkpoint, tried({ ...read, architecture: 'LongformerModel' })],
      },
    ],
    ['reformer.load', { call: models.reformer.load, valid: [lm.checkpoint, read] }],
    ['linformer.load', { call: models.linformer.load, valid: [words.checkpoint, read] }],
    ...family(models.longformer, long.checkpoint.config),
    ...family(models.reformer, lm.checkpoint.config),
    ...family(models.linformer, words.checkpoint.config),
    [
      'Longformer',
      { call: (...[a, b]) => new models.Longformer(a, b), valid: [longformer.config, longformer.weights] },
    ],
    [
      'Longformer.call',
      { call: longformer.call.bind(longformer), valid: [batch, tried({ hiddenStates: true })] },
    ],
    [
      'Longformer.fixedGraph',
      { call: longformer.fixedGraph.bind(longformer), valid: [tried({ ...fixed, globalTokens: [0] })] },
    ],
    [
      'Reformer',
      { call: (...[a, b]) => new models.Reformer(a, b), valid: [reformer.config, reformer.weights] },
    ],
    [
      'Reformer.call',
      {
        call: reformer.call.bind(reformer),
        valid: [padded, tried({ hiddenStates: true, rotations: new Map(), seed: 1 })],
      },
    ],
    ['Reformer.fixedGraph', { call: reformer.fixedGraph.bind(reformer), valid: [fixed] }],
    [
      'Linformer',
      {
        call: (a) => new models.Linformer(a),
        valid: [{ origin: 'lucidrains', config: linformer.config, weights: linformer.weights }],
      },
    ],
    ['Linformer.call', { call: linformer.call.bind(linformer), valid: [padded] }],
    [
      'Linformer.callVectors',
      {
        call: embedded.callVectors.bind(embedded),
        valid: [tried({ inputsEmbeds, attentionMask: [[1, 0]] })],
      },
    ],
    ['Linformer.fixedGraph', { call: linformer.fixedGraph.bind(linformer), valid: [fixed] }],
    [
      'LoadedModel',
      { call: (...[a, b, c]) => new models.LoadedModel(a, b, c), valid: [longformer, tokenizer, attn] },
    ],
    [
      'LoadedModel.encode',
      {
        call: (...[a, b]) => encoder.encode(a, b),
        valid: [
          [[0, 5], Int32Array.of(0, 6)],
          tried({
            ...run,
            pooling: 'cls',
            maxLength: 8,
            tooLong: 'refuse',
            overlap: 1,
            globalTokens: [0],
            batchTokens: 64,
            onWarning: () => {},
          }),
        ],
      },
    ],
    ['LoadedModel.run', { call: (...[a, b]) => encoder.run(a, b), valid: [batch, run] }],
    [
      'LoadedModel.generate',
      {
        call: (...[a, b]) => writer.generate(a, b),
        valid: [
          [5, 6],
          tried({
            maxNewTokens: 1,
            temperature: 1,
            topK: 2,
            topP: 0.5,
            seed: 1,
            stopTokens: [1],
            backend: 'cpu',
            signal: read.signal,
            onToken: () => {},
          }),
        ],
      },
    ],
  ]);
});
afterAll(async () => {
  await attn.dispose();
  await rm(folder, { recursive: true });
});

/** The arguments with one of them changed, or one field of one of them. */
function* changes(
  valid: readonly unknown[],
): Generator<{ readonly values: readonly unknown[]; readonly wrong: unknown }> {
  for (const [i, good] of valid.entries()) {
    for (const wrong of WRONG) {
      // A text in place of another is a name of something that is not there.
      if (typeof good !== 'string' || typeof wrong !== 'string')
        yield { values: valid.with(i, wrong), wrong };
    }
    if (typeof good !== 'object' || good === null || !options.has(good)) continue;
    for (const [name, field] of Object.entries(good)) {
      for (const wrong of WRONG) {
        if (typeof field === 'string' && typeof wrong === 'string') continue;
        yield { values: valid.with(i, { ...good, [name]: wrong }), wrong };
      }
    }
  }
}

test('every exported function is tried', () => {
  const functions = Object.entries(models).flatMap(([name, value]) => {
    if (typeof value === 'function') return [name];
    return value !== null && 'load' in value ? [`${name}.load`, `${name}.slots`, `${name}.recognises`] : [];
  });
  expect(functions.filter((name) => !calls.has(name))).toEqual([]);
  expect(functions.length).toBeGreaterThan(15);
});

test('what is right is taken', async () => {
  // These ask for files and models that are not there.
  const absent = ['openCheckpoint', 'hubStore'];
  for (const [name, { call, valid }] of calls) {
    if (!absent.includes(name))
      await Promise.resolve(call(...(untyped(valid) as never[]))).catch((error: unknown) =>
        expect.fail(`${name}: ${String(error)}`),
      );
  }
});

test('what is wrong is refused by a typed sentence that shows it', { timeout: 120_000 }, async () => {
  const faults: string[] = [];
  for (const [name, { call, valid }] of calls) {
    for (const { values, wrong } of changes(valid)) {
      try {
        await call(...(untyped(values) as never[]));
      } catch (error) {
        const what = `${name} with ${show(values)}, changed to ${show(wrong)}: ${String(error)}`;
        if (!(error instanceof AttnError)) faults.push(what);
        else if (['INTERNAL', 'RUN_FAILED'].includes(error.code)) faults.push(what);
        else if (error.code === 'INVALID_ARGUMENT' && isScalar(wrong) && !error.message.includes(show(wrong)))
          faults.push(`not shown: ${what}`);
      }
    }
  }
  expect(faults).toEqual([]);
});

function isScalar(value: unknown): boolean {
  return typeof value !== 'object' && typeof value !== 'function';
}
