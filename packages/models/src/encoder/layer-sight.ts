/** How the layers of a network see tokens: all of a text at once, or, with a cache, what came before. */
import type { Pattern, Value } from '@attn/core';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { Attend } from './grouped-attention.ts';
import { ropeValues, type Rope, type RopeValues } from './rope.ts';
import type { EncoderShape } from './shape.ts';

/** What layers turn queries and keys by, and how each attends. */
export interface LayerSight {
  /** Tables of each rope, by its name. */
  readonly ropes: ReadonlyMap<string, RopeValues>;
  /** The attention of a layer. */
  attend(layer: number): Attend;
}

/** What sees a whole text. */
export interface WholeText {
  readonly ropes: ReadonlyMap<string, Rope>;
  readonly shape: EncoderShape;
  /** [B, N]: 0 hides a token from all. */
  readonly keyMask: Value | undefined;
  /** What a layer sees. */
  pattern(layer: number): Pattern;
}

/** The sight of layers that see a whole text at once, each within its pattern. */
export function wholeSight(builder: ModelBuilder, { ropes, shape, keyMask, pattern }: WholeText): LayerSight {
  return {
    ropes: new Map([...ropes].map(([name, rope]) => [name, ropeValues(builder, name, rope, shape)])),
    attend:
      (layer) =>
      ({ q, k, v, scale }) => {
        const options = {
          pattern: pattern(layer),
          layout: 'bnhd',
          ...(scale !== undefined && { scale }),
        } as const;
        return builder.attention({ q, k, v, keyMask }, options).out;
      },
  };
}
