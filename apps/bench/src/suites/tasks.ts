/** Pipelines: what they add to the time of the model, what windows cost, and the memory of streams. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createAttn } from '@attn/core';
import {
  longformerFamily,
  pipeline,
  randomCheckpoint,
  writeCheckpoint,
  type Pipeline,
} from '@attn/models/node';
import { onnx } from '@attn/onnx/node';
import { wasm } from '@attn/wasm';
import { interleaved, ratio } from '../measure.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';
import type { StreamMemory } from '../tasks-stream.ts';

const ROOT = new URL('../../../../', import.meta.url);
const GOLDEN = fileURLToPath(new URL('packages/models/goldens/tasks/cls-longformer/', ROOT));
const STREAM = fileURLToPath(new URL('../tasks-stream.js', import.meta.url));

/** Most tokens of a row. */
const ROW = 4_096;

/** Tokens that windows share: the default. */
const OVERLAP = ROW / 8;

export const tasksSuite: Suite = {
  name: 'tasks',
  describes: 'pipelines beside their models, windows of long texts, memory of streams',
  async run(options) {
    const folder = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    try {
      await writeClassifier(folder, options);
      return [await times(folder, options), await memory(options)];
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

/** A small Longformer of random weights that classifies texts, with a tokenizer of 1,000 pieces. */
async function writeClassifier(folder: string, { quick }: SuiteOptions): Promise<void> {
  const config = JSON.parse(readFileSync(join(GOLDEN, 'config.json'), 'utf8')) as object;
  const layers = quick ? 1 : 4;
  const small = {
    ...config,
    hidden_size: 256,
    intermediate_size: 1024,
    num_attention_heads: 4,
    num_hidden_layers: layers,
    attention_window: new Array<number>(layers).fill(512),
    max_position_embeddings: ROW + 2,
  };
  await writeCheckpoint(folder, randomCheckpoint(longformerFamily, small, { seed: 1 }));
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    cpSync(join(GOLDEN, name), join(folder, name));
}

async function times(folder: string, options: SuiteOptions): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  for (const [backend, make] of Object.entries({ wasm, onnx })) {
    options.log(`tasks: ${backend}`);
    const attn = await createAttn({ backends: [make({ threads: options.threads })] });
    const classify = await pipeline('text-classification', folder, { attn });
    rows.push(await timesOf(classify, backend, options));
    await classify.dispose();
    await attn.dispose();
  }
  const note =
    'A Longformer of 4 layers, 256 wide, window 512, of random weights; texts of Moby-Dick; interleaved, in one process. ' +
    `The pipeline reads a text of ${ROW} tokens, the model alone their ids. A long text has four times as many, in windows ` +
    `that share ${OVERLAP}. Targets: the pipeline at most 1.05 times the model, windows at most 1.15 times their tokens' share.`;
  return { title: 'Pipelines beside their models', note, rows };
}

async function timesOf(
  classify: Pipeline<'text-classification'>,
  backend: string,
  { rounds, quick }: SuiteOptions,
): Promise<Table['rows'][number]> {
  const { model } = classify;
  const book = readFileSync(fileURLToPath(new URL('apps/cli/data/moby-dick.txt', ROOT)), 'utf8');
  const [text, ids] = beginning(classify, book, ROW);
  const [long, longIds] = beginning(classify, book, (quick ? 2 : 4) * ROW);
  const options = { backend, overlap: OVERLAP };
  const [{ windows = 1 }] = await classify(long, options);
  const { pipe, bare, split } = await interleaved(
    {
      pipe: () => classify(text, options),
      bare: () => model.run({ inputIds: [ids] }, { backend }),
      split: () => classify(long, options),
    },
    rounds,
  );
  const special = 2;
  const inWindows = longIds.length - special + (windows - 1) * OVERLAP + windows * special;
  const overBare = ratio(split, bare);
  return {
    backend,
    tokens: ids.length,
    'model, ms': bare.median,
    'pipeline, ms': pipe.median,
    times: ratio(pipe, bare),
    'long text, tokens': longIds.length,
    windows,
    'long text, ms': split.median,
    'times the share of its windows’ tokens': (overBare * ids.length) / inWindows,
    'times the share of its own tokens': (overBare * ids.length) / longIds.length,
  };
}

/** The beginning of a text that has about so many tokens, and no more, with its ids. */
function beginning(
  { model }: Pipeline<'text-classification'>,
  text: string,
  count: number,
): readonly [text: string, ids: readonly number[]] {
  const { tokenizer } = model;
  if (tokenizer === undefined) throw new TypeError('expected a tokenizer');
  const { offsets = [] } = tokenizer.encode(text.slice(0, 8 * count));
  for (let last = count - 3; ; last--) {
    const part = text.slice(0, offsets[last]?.[1]);
    const ids = [...tokenizer.encode(part).ids];
    if (ids.length <= count) return [part, ids];
  }
}

async function memory({ quick, log }: SuiteOptions): Promise<Table> {
  const rows: Table['rows'][number][] = [];
  for (const texts of quick ? [100, 1_000] : [1_000, 10_000]) {
    log(`tasks: memory of a stream of ${texts} texts`);
    const { stdout } = await promisify(execFile)(process.execPath, [STREAM, GOLDEN, String(texts)]);
    const { peak, heap, ms } = JSON.parse(stdout) as StreamMemory;
    rows.push({
      texts,
      'peak, MB': peak / 1e6,
      'in use at the end, MB': heap / 1e6,
      'texts/s': texts / (ms / 1e3),
    });
  }
  const [few, many] = rows.map((row) => Number(row['peak, MB']));
  const note =
    'Short texts through stream, a tiny model on wasm, each time in a fresh process: the most memory of the process, Node itself included, ' +
    `and what the heap and its buffers hold after garbage is collected. Ten times the texts have ${(many / few).toFixed(2)} times the peak.`;
  return { title: 'Memory of a stream', note, rows };
}
