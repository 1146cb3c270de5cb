/**
 * Generation with a causal model: Qwen3-0.6B in real size with random weights, which reads a prompt and goes
 * on. `--only wasm` measures this backend, `--only 512` prompts of so many tokens.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sizeOf } from '@attn/core/backend';
import { QWEN3_PRESETS, qwen3Family, randomCheckpoint, writeCheckpoint } from '@attn/models/node';
import { chosen } from '../generate/chosen.ts';
import type { GenerateTimes } from '../generate/generate-process.ts';
import { inProcess, overFloor, WINDOW } from '../generate/over-floor.ts';
import { steadiness } from '../generate/steadiness.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const BACKENDS = ['wasm', 'onnx'] as const;

/** Rows of a step, and how they are searched. */
const BEAMS = [1, 4];

const HEADS = { keys: 8, width: 128 } as const;

/** A model on disk. */
interface Stored {
  readonly folder: string;
  readonly layers: number;
  /** Bytes of all weights. A step reads all of them once: the table of words is also the last layer. */
  readonly weightBytes: number;
}

export const causalSuite: Suite = {
  name: 'causal',
  describes:
    'generation with a causal model: Qwen3-0.6B, its prompt, and a step beside the bandwidth of memory',
  async run(options) {
    const home = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    try {
      options.log('causal: making checkpoints of random weights');
      const base = await store(join(home, 'base'), options);
      const small = join(home, 'small');
      await writeCheckpoint(small, randomCheckpoint(qwen3Family, smallConfig(options)));
      return [
        await decoding(base, options),
        await steadiness({ name: 'Qwen 3', folder: small }, chosen(options, BACKENDS).names, options),
      ];
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
};

function smallConfig({ quick }: SuiteOptions) {
  return {
    ...QWEN3_PRESETS['qwen3-reranker-0.6b'],
    hidden_size: 64,
    intermediate_size: 128,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 16,
    vocab_size: 1024,
    eos_token_id: 1,
    max_position_embeddings: quick ? 512 : 4352,
  };
}

async function store(folder: string, { quick }: SuiteOptions): Promise<Stored> {
  const config = {
    ...QWEN3_PRESETS['qwen3-reranker-0.6b'],
    ...(quick && { num_hidden_layers: 2, vocab_size: 8192, eos_token_id: 1 }),
  };
  const checkpoint = randomCheckpoint(qwen3Family, config);
  await writeCheckpoint(folder, checkpoint);
  const weightBytes = checkpoint.names
    .filter((name) => name !== 'lm_head.weight')
    .reduce((sum, name) => sum + 4 * sizeOf(checkpoint.spec(name).shape), 0);
  return { folder, layers: quick ? 2 : 28, weightBytes };
}

async function decoding({ folder, layers, weightBytes }: Stored, options: SuiteOptions): Promise<Table> {
  const { threads = 2, quick } = options;
  const { names, length = quick ? 300 : 2048 } = chosen(options, BACKENDS);
  const steps = quick ? 2 * WINDOW : 256;
  const cacheBytes = (tokens: number): number => 4 * 2 * layers * HEADS.keys * HEADS.width * tokens;
  const rows: Table['rows'][number][] = [];
  for (const backend of names) {
    for (const beams of BEAMS) {
      options.log(`causal: ${beams} beams, ${backend}`);
      const task = { folder, backend, threads, length, steps, beams };
      const times = await inProcess<GenerateTimes>('generate-process', task);
      const bytesOf = (written: number): number => weightBytes + beams * cacheBytes(length + written);
      const [early, late] = [0, steps - WINDOW].map((from) => overFloor(times, bytesOf, from));
      rows.push({
        who: `@attn/${backend}, ${beams === 1 ? 'greedy' : `${beams} beams`}`,
        'tokens in': length,
        'to the first token, s': times.first / 1000,
        [`step, ms, 1–${WINDOW}`]: early.ms,
        [`step, ms, ${steps - WINDOW + 1}–${steps}`]: late.ms,
        'floor, ms': late.floor,
        'first over floor': early.ratio,
        'last over floor': late.ratio,
        'peak, MB': times.peak / 1e6,
      });
    }
  }
  const note =
    `${layers} layers, random weights, ${threads} threads, ${steps} tokens out, medians. The floor of a step is the time to read all weights, and the keys and values of all beams, once, ` +
    'at the bandwidth that as many threads reach in the same process just before and after the step.';
  return { title: 'Generation, Qwen3-0.6B', note, rows };
}
