/** Names and shapes of an LED's tensors in a checkpoint. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import {
  linearSlots,
  normSlots,
  sensitive,
  withSensitiveEnd,
  type LinearSlots,
  type Weights,
} from '../checkpoint/layout.ts';
import { readWeights, type ReadOptions } from '../checkpoint/read-weights.ts';
import type { LongformerEncoderSlots } from '../longformer/weights.ts';
import {
  embeddingSlots,
  ignoredNames,
  seq2SeqSlots,
  sidePrefix,
  type Seq2SeqSlots,
} from '../seq2seq/weights.ts';
import type { LedConfig } from './config.ts';

const PREFIX = 'led.';

/** Slots of all tensors. */
export type LedSlots = Seq2SeqSlots<LongformerEncoderSlots>;

/** All weights of a model. */
export type LedWeights = Weights<LedSlots>;

/** Reads the weights of a model. Errors: those of `readWeights`. */
export function readLedWeights(
  checkpoint: Checkpoint,
  config: LedConfig,
  options: ReadOptions = {},
): Promise<LedWeights> {
  const ignored = ignoredNames(checkpoint, config, PREFIX);
  return readWeights(checkpoint, ledLayout(checkpoint, config), { ...options, ignored });
}

/** Slots of the tensors that a model takes from a checkpoint. */
export function ledLayout(checkpoint: Pick<Checkpoint, 'has'>, config: LedConfig): LedSlots {
  const prefix = sidePrefix(checkpoint, PREFIX);
  return seq2SeqSlots(checkpoint, config, { prefix, encoder: encoderSlots(config, prefix) });
}

function encoderSlots(config: LedConfig, prefix: string): LongformerEncoderSlots {
  const { hiddenSize, positionRows, intermediateSize, windows } = config.encoder;
  const square = (name: string): LinearSlots => linearSlots(name, hiddenSize, hiddenSize);
  const layer = (name: string): LongformerEncoderSlots['layers'][number] => {
    const attention = `${name}.self_attn.longformer_self_attn`;
    return {
      query: square(`${attention}.query`),
      key: square(`${attention}.key`),
      value: sensitive(square(`${attention}.value`)),
      queryGlobal: square(`${attention}.query_global`),
      keyGlobal: square(`${attention}.key_global`),
      valueGlobal: sensitive(square(`${attention}.value_global`)),
      attentionOutput: square(`${name}.self_attn.output`),
      attentionNorm: normSlots(`${name}.self_attn_layer_norm`, hiddenSize),
      intermediate: linearSlots(`${name}.fc1`, intermediateSize, hiddenSize),
      output: linearSlots(`${name}.fc2`, hiddenSize, intermediateSize),
      outputNorm: normSlots(`${name}.final_layer_norm`, hiddenSize),
    };
  };
  const positions = { count: positionRows, offset: 0 };
  return {
    ...embeddingSlots(prefix, 'encoder', config, { width: hiddenSize, positions }),
    types: undefined,
    layers: withSensitiveEnd(windows.map((_, i) => layer(`${prefix}encoder.layers.${i}`))),
  };
}
