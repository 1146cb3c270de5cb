// The presets have the sizes of the published models, and configs as those write them can be read.
import { type JsonObject } from '@attn/core';
import { sizeOf } from '@attn/core/backend';
import { describe, expect, test } from 'vitest';
import { bartFamily } from '../bart/index.ts';
import { BART_PRESETS } from '../bart/presets.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { readLedConfig } from '../led/config.ts';
import { ledFamily } from '../led/index.ts';
import { LED_PRESETS } from '../led/presets.ts';
import type { ModelFamily } from '../model.ts';

// Parameters as the hub counts them; `final_logits_bias` is none.
test.each<[string, ModelFamily, JsonObject, number]>([
  ['led-base', ledFamily, LED_PRESETS['led-base'], 161_844_480],
  ['bart-base', bartFamily, BART_PRESETS['bart-base'], 139_420_416],
  ['bart-large-cnn', bartFamily, BART_PRESETS['bart-large-cnn'], 406_290_432],
  ['distilbart-cnn-12-6', bartFamily, BART_PRESETS['distilbart-cnn-12-6'], 305_510_400],
])('%s', (_, family, config, parameters) => {
  const checkpoint = randomCheckpoint(family, config);
  const sizes = checkpoint.names
    .filter((name) => name !== 'final_logits_bias')
    .map((name) => sizeOf(checkpoint.spec(name).shape));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(parameters);
});

describe('configs of published LEDs', () => {
  test('with what older releases wrote beside', () => {
    const extras = {
      _num_labels: 3,
      id2label: { 0: 'LABEL_0', 1: 'LABEL_1', 2: 'LABEL_2' },
      classif_dropout: 0,
      prefix: ' ',
      num_hidden_layers: 12,
      max_position_embeddings: 1024,
      max_length: 512,
      num_beams: 4,
    };
    const { labels, encoder, decoder } = readLedConfig({ ...LED_PRESETS['led-large'], ...extras });
    expect(labels).toBe(3);
    expect([encoder.positionRows, decoder.positions.count]).toEqual([16_384, 1024]);
    expect(encoder.windows).toEqual(new Array(12).fill({ oneSided: 512, dilation: 1 }));
  });
  test('whose decoder has fewer layers, and with one window for all', () => {
    const distilled = { ...LED_PRESETS['led-large'], decoder_layers: 6, attention_window: 1024 };
    const { encoder, decoder } = readLedConfig(distilled);
    expect([encoder.windows.length, decoder.layers]).toEqual([12, 6]);
  });
});
