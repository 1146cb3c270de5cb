// What a long text takes beside the weights: nothing is run, memory is planned.
import { i32 } from '@attn/core';
import { planMemory, rowBlocks } from '@attn/core/backend';
import { expect, test } from 'vitest';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { ledFamily } from './index.ts';
import { LED_PRESETS } from './presets.ts';

const LENGTH = 16_384;

test('an encoder of 16,384 tokens needs five tensors of its width, and caches no more', async () => {
  const config = {
    ...LED_PRESETS['led-base'],
    encoder_layers: 2,
    decoder_layers: 2,
    attention_window: [1024, 1024],
    vocab_size: 128,
  };
  const { generation } = await ledFamily.load(randomCheckpoint(ledFamily, config));
  const globals = Int32Array.from({ length: LENGTH }, (_, i) => Number(i === 0));
  const { graph } =
    generation?.decoder?.encode({
      inputIds: i32([1, LENGTH], new Int32Array(LENGTH).fill(5)),
      globalAttentionMask: i32([1, LENGTH], globals),
    }) ?? expect.fail('an LED generates');
  const tensorBytes = 4 * LENGTH * 768;
  const blocks = rowBlocks(graph);
  expect(blocks).toHaveLength(2); // the feed-forward part of each layer
  expect(planMemory(graph, blocks).peakBytes).toBeLessThan(5.1 * tensorBytes);
  expect(planMemory(graph).peakBytes).toBeGreaterThan(5.9 * tensorBytes);
});
