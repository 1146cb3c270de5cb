/** Patterns of the literature, to begin with. */
import type { PatternNode } from './node.ts';

/** A named pattern. */
export interface Preset {
  readonly name: string;
  /** Where it is from. */
  readonly origin: string;
  readonly node: PatternNode;
  /** The number of tokens at which it shows best. */
  readonly n: number;
  readonly heads?: number;
}

const simple = (type: string, values: Readonly<Record<string, string>> = {}): PatternNode => ({
  type,
  values,
  parts: [],
});
const combined = (type: string, ...parts: readonly PatternNode[]): PatternNode => ({
  type,
  values: {},
  parts,
});
const window = (before: number, after: number, dilation = 1): PatternNode =>
  simple('slidingWindow', {
    before: String(before),
    after: String(after),
    ...(dilation === 1 ? {} : { dilation: String(dilation) }),
  });

/** The presets, the one that the page begins with first. */
export const PRESETS: readonly Preset[] = [
  {
    name: 'Longformer',
    origin: 'Beltagy et al. 2020',
    n: 4096,
    node: combined('or', window(256, 256), simple('globalTokens', { indices: '0' })),
  },
  {
    name: 'BigBird',
    origin: 'Zaheer et al. 2020',
    n: 4096,
    heads: 4,
    node: combined(
      'or',
      window(96, 96),
      simple('globalTokens', { indices: '0, 1' }),
      simple('randomBlocks', { blockSize: '64', blocksPerRow: '3', seed: '7' }),
    ),
  },
  {
    name: 'Endless stream',
    origin: 'StreamingLLM, Xiao et al. 2023',
    n: 8192,
    node: combined('and', combined('or', window(1023, 0), simple('sinks', { count: '4' })), simple('causal')),
  },
  {
    name: 'Sparse Transformer',
    origin: 'Child et al. 2019',
    n: 4096,
    heads: 2,
    node: combined(
      'perHead',
      simple('strided', { stride: '64' }),
      simple('fixed', { stride: '128', summary: '8' }),
    ),
  },
  {
    name: 'Dilated window',
    origin: 'Longformer, upper layers',
    n: 4096,
    node: window(64, 64, 16),
  },
  {
    name: 'Packed documents',
    origin: 'training of decoders',
    n: 8192,
    node: combined('and', simple('segments', { lengths: '1024, 3072, 512, 2048, 1536' }), simple('causal')),
  },
  {
    name: 'Image rows and columns',
    origin: 'a formula; axial attention, Ho et al. 2019',
    n: 4096,
    node: simple('where', { formula: 'q / 64 == k / 64 || q % 64 == k % 64' }),
  },
  { name: 'A million tokens', origin: 'a window, at length', n: 1_000_000, node: window(2048, 0) },
  { name: 'Dense', origin: 'Vaswani et al. 2017', n: 4096, node: simple('full') },
];
