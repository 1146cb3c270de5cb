/**
 * How much of exact attention LSH finds, measured as in the papers: the share of the true
 * nearest keys that a token meets, and the share of the softmax's mass of the keys that it
 * meets, by rounds of hashing. Kitaev et al. 2020, §2, https://arxiv.org/abs/2001.04451
 */
import { f32, GraphBuilder, buildLsh, type LshPreset, type Tensors } from '@attn/core';
import { lshPairs, mulberry32 } from '@attn/core/backend';
import { makeBackend } from '../subjects/attention.ts';
import type { Suite, SuiteOptions, Table } from '../suite.ts';

const DIM = 64;
const CHUNK = 64;

/** Keys that count as nearest. */
const NEAREST = 32;

/** Number of sampled tokens. */
const SAMPLES = 256;

const ROUNDS = [1, 2, 4, 8];

const DATA = { random, clustered } as const;

/** Column of the shares. */
const RECALL = 'found';

export const lshQualitySuite: Suite = {
  name: 'lsh-quality',
  describes: 'how much of exact attention LSH finds',
  async run(options) {
    const n = options.quick ? 1024 : 8192;
    const tables: Table[] = [];
    for (const [name, make] of Object.entries(DATA)) tables.push(await quality(name, make(n), options));
    return tables;
  },
};

async function quality(name: string, qk: Float32Array, { log }: SuiteOptions): Promise<Table> {
  const n = qk.length / DIM;
  const rows: Table['rows'][number][] = [];
  for (const preset of ['hf', 'paper'] as const) {
    for (const rounds of ROUNDS) {
      log(`lsh-quality: ${name}, ${preset}, ${rounds} rounds`);
      const { recall, mass } = await averageShares(qk, preset, rounds);
      rows.push(
        { rounds, what: `the ${NEAREST} nearest keys, ${preset}`, [RECALL]: recall },
        { rounds, what: `mass of the softmax, ${preset}`, [RECALL]: mass },
      );
    }
  }
  return {
    title: `What LSH finds, ${name} data`,
    note: `n = ${n.toLocaleString('en-US')}, head dim ${DIM}, chunks of ${CHUNK}, one before; averages over ${SAMPLES} tokens. By the conventions of Hugging Face (the whole chunk) and of the paper (within a bucket).`,
    rows,
    plot: { x: 'rounds', y: RECALL, by: 'what', isShare: true },
  };
}

/** Averages of both shares over sampled tokens. */
async function averageShares(
  qk: Float32Array,
  preset: LshPreset,
  rounds: number,
): Promise<{ readonly recall: number; readonly mass: number }> {
  const n = qk.length / DIM;
  const inputs: Tensors = { q: f32([1, 1, n, DIM], qk), v: f32([1, 1, n, 1], new Float32Array(n)) };
  const builder = new GraphBuilder();
  const operands = { q: builder.input('q', inputs.q), v: builder.input('v', inputs.v) };
  const { buckets, order } = buildLsh(builder, operands, { preset, rounds, chunkLength: CHUNK });
  if (buckets === undefined) throw new Error(`expected more than ${CHUNK} tokens, got ${n}`);
  const backend = await makeBackend({ backend: 'cpu' });
  const executable = await backend.compile(builder.build({ order, buckets }));
  const outputs = await executable.run(inputs);
  await backend.dispose();

  const within = preset === 'paper';
  const attributes = {
    chunkLength: CHUNK,
    wrap: !within,
    withinBuckets: within,
    duplicates: within ? 'once' : 'each',
  } as const;
  const pairsOf = lshPairs({ ...inputs, ...outputs }, attributes)(0, 0);
  let [recall, mass] = [0, 0];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const i = Math.floor((sample * n) / SAMPLES);
    const logits = logitsOf(qk, i);
    const met = new Set(pairsOf(i).map(({ key }) => key));
    const others = Array.from({ length: n }, (_, j) => j).filter((j) => j !== i);
    const nearest = others.toSorted((a, b) => logits[b] - logits[a]).slice(0, NEAREST);
    recall += nearest.filter((j) => met.has(j)).length / NEAREST;
    const max = logits[nearest[0]];
    const weightOf = (j: number): number => Math.exp(logits[j] - max);
    const total = others.reduce((sum, j) => sum + weightOf(j), 0);
    mass += [...met].reduce((sum, j) => sum + weightOf(j), 0) / total;
  }
  return { recall: recall / SAMPLES, mass: mass / SAMPLES };
}

/** Logits q·k/‖k‖ of a token and all others. */
function logitsOf(qk: Float32Array, i: number): Float64Array {
  return Float64Array.from({ length: qk.length / DIM }, (_, j) => {
    let [sum, squares] = [0, 0];
    for (let d = 0; d < DIM; d++) {
      sum += qk[i * DIM + d] * qk[j * DIM + d];
      squares += qk[j * DIM + d] ** 2;
    }
    return sum / Math.sqrt(squares);
  });
}

/** Vectors of independent numbers of variance 1. */
function random(n: number): Float32Array {
  const next = mulberry32(1);
  return Float32Array.from({ length: n * DIM }, () => bell(next));
}

/** Vectors around n / 32 centres; the distance to the centre is half the centre's length. */
function clustered(n: number): Float32Array {
  const next = mulberry32(2);
  const centres = Float32Array.from({ length: (n / NEAREST) * DIM }, () => bell(next));
  const data = new Float32Array(n * DIM);
  for (let i = 0; i < n; i++) {
    const centre = next() % (n / NEAREST);
    for (let d = 0; d < DIM; d++) data[i * DIM + d] = centres[centre * DIM + d] + 0.5 * bell(next);
  }
  return data;
}

/** A bell-shaped random number of variance 1: the sum of three uniform numbers in [−1, 1). */
function bell(next: () => number): number {
  return ((next() + next() + next()) / 2 ** 32) * 2 - 3;
}
