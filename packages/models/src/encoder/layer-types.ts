/** The field `layer_types` of a config.json: which layers see everything, and which a window. */
import type { ConfigReader } from '../checkpoint/config-reader.ts';

const TYPES = ['full_attention', 'sliding_attention'] as const;

/** What a layer sees. */
export type LayerType = (typeof TYPES)[number];

/** Reads the type of each layer. `isFull` says it where the config does not. Errors: `MALFORMED_FILE`. */
export function readLayerTypes(
  reader: ConfigReader,
  count: number,
  isFull: (layer: number) => boolean,
): readonly LayerType[] {
  const value = reader.field('layer_types');
  if (value === undefined)
    return Array.from({ length: count }, (_, i) => (isFull(i) ? 'full_attention' : 'sliding_attention'));
  const types = reader.texts('layer_types');
  const wrong = types.length !== count || types.some((type) => !TYPES.includes(type as LayerType));
  if (wrong) throw reader.wrong('layer_types', `a list of ${count}, each ${TYPES.join(' or ')}`, value);
  return types as readonly LayerType[];
}
