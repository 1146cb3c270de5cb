// How many places a decoder has, and so how many graphs its backend compiles.
import { createAttn, type Backend, type Graph } from '@attn/core';
import { cpu } from '@attn/cpu';
import { expect, test } from 'vitest';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { ledFamily } from '../led/index.ts';
import { LED_PRESETS } from '../led/presets.ts';
import { TextGenerator } from '../loaded/text-generator.ts';
import type { CachedDecoding, Model } from '../model.ts';
import { firstRoom, mostRoom, roomAbove } from './decoder-room.ts';

const cachedOf = ({ generation }: Model): CachedDecoding => generation?.cached ?? expect.fail('no cache');

/** An LED of one layer on each side. */
function ledOf(sizes: Readonly<Record<string, unknown>>): Promise<Model> {
  const layers = { encoder_layers: 1, decoder_layers: 1, attention_window: [16] };
  const config = { ...LED_PRESETS['led-base'], ...layers, ...sizes };
  return ledFamily.load(randomCheckpoint(ledFamily, config));
}

test('few numbers of places, at most a third of which is too many', () => {
  const rooms = Array.from({ length: 1024 }, (_, i) => roomAbove(i + 1));
  expect([...new Set(rooms)].slice(-8)).toEqual([96, 128, 192, 256, 384, 512, 768, 1024]);
  expect(rooms.slice(0, 9)).toEqual([1, 2, 3, 4, 6, 6, 8, 8, 12]);
  for (const [i, room] of rooms.entries()) {
    expect(room).toBeGreaterThanOrEqual(i + 1);
    expect(room).toBeLessThanOrEqual(1.5 * (i + 1));
  }
});

test('a decoder has all places at first if these are little beside its weights and the keys of its text', async () => {
  const { step, rowStates } = cachedOf(await ledOf({ vocab_size: 8192 }));
  const firstOf = (rows: number, maxLength: number, textLength = 1024): number => {
    const texts = { count: 1, length: textLength, padding: false };
    const stepWith = (capacity: number): Graph => step({ texts, rows, capacity });
    return firstRoom({ length: 1, piece: 1, maxLength }, stepWith, rowStates);
  };
  // Weights take 61 MB, keys and values of the text 6 MB, and those of a token of a row 6 kB.
  expect([1, 20, 64].map((maxLength) => firstOf(1, maxLength))).toEqual([64, 64, 64]);
  expect([65, 143, 258, 512].map((maxLength) => firstOf(1, maxLength))).toEqual([96, 192, 384, 512]);
  expect([258, 512].map((maxLength) => firstOf(4, maxLength))).toEqual([128, 128]);
  expect([258, 512].map((maxLength) => firstOf(4, maxLength, 16_384))).toEqual([384, 384]);
  expect(firstOf(64, 512)).toBe(64);
});

test('behind a prompt in pieces there is room for it and for some tokens', () => {
  const noStep = (): Graph => expect.fail('there is room for all that is needed');
  const first = (length: number, maxLength: number): number =>
    firstRoom({ length, piece: 128, maxLength }, noStep, []);
  expect(first(100, 150)).toBe(192);
  expect(first(1000, 2048)).toBe(2048);
  // The last piece of a prompt is padded.
  expect(mostRoom({ length: 513, piece: 128, maxLength: 514 })).toBe(768);
  expect(mostRoom({ length: 1, piece: 1, maxLength: 5 })).toBe(64);
  expect(mostRoom({ length: 1, piece: 1, maxLength: 5, firstCapacity: 3 })).toBe(6);
});

test('texts of other lengths share the graph of a step', async () => {
  const model = await ledOf({
    d_model: 16,
    encoder_attention_heads: 2,
    decoder_attention_heads: 2,
    encoder_ffn_dim: 16,
    decoder_ffn_dim: 16,
    vocab_size: 8192,
    max_encoder_position_embeddings: 64,
    max_decoder_position_embeddings: 128,
  });
  const backend = cpu();
  const compiled: Graph[] = [];
  const watched: Backend = {
    ...backend,
    compile(graph, options) {
      compiled.push(graph);
      return backend.compile(graph, options);
    },
  };
  await using attn = await createAttn({ backends: [watched] });
  const generator = new TextGenerator(model, undefined, attn);
  for (const max_new_tokens of [66, 72]) {
    const { ids } = await generator.generate([5, 6, 7, 8], { max_new_tokens, eos_token_id: [] });
    expect(ids).toHaveLength(max_new_tokens);
  }
  const steps = compiled.filter((graph) => graph.inputs.has('decoder_input_ids'));
  expect(steps).toHaveLength(1);
  expect(compiled).toHaveLength(2);
});
