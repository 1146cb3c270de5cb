/** The rules of a contest, with real child processes and small problems. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { longformerFamily, LONGFORMER_PRESETS, randomCheckpoint, writeCheckpoint } from '@attn/models/node';
import { expect, onTestFinished, test } from 'vitest';
// The built module, because children load their script from `dist`.
import { contest } from '../../dist/contest/contest.js';
import { file, matmul, model, ours, peer, plain } from '../subjects/index.ts';

/** A folder that is removed after the test. */
function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'attn-contest-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('subjects take turns, are checked, and one that fails does not stop the others', async () => {
  const messages: string[] = [];
  const results = await contest(
    {
      wasm: ours({ n: 64, heads: 2 }, { threads: 2 }),
      cpu: plain({ n: 64, heads: 2 }),
      window: peer('onnxruntime-web MHA, 1 thread', {
        n: 64,
        pattern: { type: 'slidingWindow', before: 8, after: 8 },
      }),
      nobody: peer('nobody', { n: 64 }),
    },
    { rounds: 3, log: (message) => void messages.push(message) },
  );
  for (const name of ['wasm', 'cpu'] as const) {
    const result = results[name];
    if (result.failed !== undefined) throw new Error(result.failed);
    expect(result.timing.samples).toHaveLength(3);
    expect(result.error).toBeLessThan(1e-5);
    expect(result.memory.peakRss).toBeGreaterThan(1e7);
  }
  expect(results.window.failed).toBe('onnxruntime-web has no window attention');
  expect(results.nobody.failed).toContain('unknown peer nobody');
  expect(messages).toHaveLength(2);
});

test('a subject that does not answer has failed', async () => {
  const { slow } = await contest({ slow: plain({ n: 4096 }) }, { rounds: 1, patience: 300 });
  expect(slow.failed).toBe('no answer within 0.3 s');
});

test('a child that ends has failed', async () => {
  const file = join(freshFolder(), 'child.mjs');
  writeFileSync(file, "process.on('message', () => process.exit(3));");
  const { gone } = await contest({ gone: plain({ n: 16 }) }, { rounds: 1, script: () => file });
  expect(gone.failed).toBe('the process ended with exit code 3');
});

test('whole models: from a folder, checked against plain JavaScript', async () => {
  const folder = freshFolder();
  const config = {
    ...LONGFORMER_PRESETS['longformer-base'],
    hidden_size: 32,
    intermediate_size: 64,
    num_attention_heads: 2,
    num_hidden_layers: 1,
    attention_window: [16],
    vocab_size: 1024,
    max_position_embeddings: 130,
  };
  await writeCheckpoint(folder, randomCheckpoint(longformerFamily, config));
  const results = await contest(
    {
      wasm: model(folder, 100, 'wasm', 1),
      load: file('load', folder),
      read: file('read', folder),
      matmul: matmul(64, 1),
    },
    { rounds: 1 },
  );
  for (const result of Object.values(results)) {
    if (result.failed !== undefined) throw new Error(result.failed);
    expect(result.error).toBeLessThan(1e-4);
    expect(result.timing.samples).toHaveLength(1);
  }
});
