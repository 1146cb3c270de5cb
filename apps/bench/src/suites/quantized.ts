/** Longformer-base in real size with weights as halves, and as codes of 8 and 4 bits, beside f32. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '@attn/core';
import { longformerFamily, randomCheckpoint, writeCheckpoint } from '@attn/models/node';
import { contest } from '../contest/contest.ts';
import type { Subject } from '../contest/protocol.ts';
import { longformerConfig } from '../longformer.ts';
import { ms, spread, times } from '../rows.ts';
import { model } from '../subjects/index.ts';
import type { Suite, Table } from '../suite.ts';

const FORMS: Readonly<Record<string, JsonObject>> = {
  f32: {},
  f16: { dtype: 'f16' },
  bf16: { dtype: 'bf16' },
  q8: { dtype: 'q8', activations: 'f32' },
  'q8, integers': { dtype: 'q8', activations: 'integer' },
  'q8, bytes': { dtype: 'q8', activations: 'int8' },
  q4: { dtype: 'q4', activations: 'f32' },
  'q4, integers': { dtype: 'q4', activations: 'integer' },
};

/** A pass takes seconds, and quantising a base model some more. */
const PATIENCE = 600_000;

/** Random weights of many layers multiply the rounding of the first; inputs of 8 bits round more. */
const TOLERANCE = 0.01;
const TOLERANCE_OF_BYTES = 16 * TOLERANCE;

const BACKENDS = ['wasm', 'onnx'] as const;

export const quantizedSuite: Suite = {
  name: 'quantized',
  describes: 'Longformer-base with weights of 16, 8 and 4 bits beside f32',
  async run(options) {
    const home = await mkdtemp(join(tmpdir(), 'attn-bench-'));
    try {
      const folder = join(home, 'base');
      options.log('quantized: making a checkpoint of random weights');
      await writeCheckpoint(folder, randomCheckpoint(longformerFamily, longformerConfig(4098, options)));
      const n = options.quick ? 256 : 4096;
      const { threads = 2 } = options;
      const tables: Table[] = [];
      for (const backend of BACKENDS.filter((name) => options.only === undefined || options.only === name)) {
        options.log(`quantized: ${backend}`);
        const plain = model(folder, n, backend, threads);
        const subjects: Record<string, Subject> = Object.fromEntries(
          Object.entries(FORMS).map(([name, form]) => [
            name,
            {
              ...plain,
              name,
              options: {
                ...plain.options,
                form,
                tolerance: form.activations === 'int8' ? TOLERANCE_OF_BYTES : TOLERANCE,
              },
            },
          ]),
        );
        const results = await contest(subjects, { ...options, patience: PATIENCE });
        tables.push({
          title: `Longformer-base, n = ${n.toLocaleString('en-US')}, on ${backend}`,
          note: `${threads} threads, random weights, interleaved. Memory is the peak of a fresh process, Node itself and quantising included.`,
          rows: Object.keys(FORMS).map((name) => {
            const result = results[name];
            return {
              weights: name,
              ms: ms(result),
              '± ms': spread(result),
              'f32 takes': times(results.f32, result),
              'peak, MB': result.failed === undefined ? result.memory.peakRss / 1e6 : '',
            };
          }),
        });
      }
      return tables;
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  },
};
