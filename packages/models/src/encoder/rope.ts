/**
 * Rotary positions of today's models: the frequencies that a config asks for, and tables of cosines and
 * sines.
 * Su et al. 2021, https://arxiv.org/abs/2104.09864; YaRN: Peng et al. 2023, https://arxiv.org/abs/2309.00071.
 * As in the original, frequencies, angles and tables are rounded to float32.
 */
import { AttnError, f32, type JsonObject, type Tensors, type Value } from '@attn/core';
import { anObject, show } from '@attn/core/backend';
import { ConfigReader } from '../checkpoint/config-reader.ts';
import type { ModelBuilder } from '../graph/model-builder.ts';
import type { EncoderShape } from './shape.ts';

/** How one kind of layer turns its queries and keys. */
export interface Rope {
  /** Radians that a pair turns with each position: one number for each pair of a head's numbers. */
  readonly frequencies: Float32Array;
  /** Cosines and sines are multiplied by it. 1 but for YaRN. */
  readonly factor: number;
}

/** What a rope depends on beside its own parameters. */
export interface RopeContext {
  /** Width of a head. */
  readonly width: number;
  /** The config's `max_position_embeddings`. */
  readonly maxPositions: number;
  /** The theta where the parameters have none. Without it, they must. */
  readonly theta?: number;
  /** Name of the parameters in the config, for messages. */
  readonly name: string;
}

const TYPES = ['default', 'linear', 'proportional', 'yarn'] as const;

/** The widest head: a table of frequencies is made before the tensors are looked at. */
const MOST_WIDTH = 65_536;

/**
 * Reads parameters as config.json has them: `rope_type` (or `type`), `rope_theta`, `factor`, …
 *
 * Errors: `MALFORMED_FILE`; `UNSUPPORTED` for a type that is not one of default, linear, proportional, yarn.
 */
export function readRope(parameters: JsonObject, context: RopeContext): Rope {
  const { width, theta: byDefault, name } = context;
  const reader = new ConfigReader(parameters, `config.json: ${name}`);
  const type = reader.field('rope_type') ?? reader.field('type') ?? 'default';
  if (!TYPES.some((name) => name === type)) {
    const message = `${name} must have a rope_type of ${TYPES.join(', ')}, got ${show(type)}`;
    throw new AttnError('UNSUPPORTED', 'models/config', message);
  }
  if (width % 2 !== 0) throw reader.wrong('the width of a head', 'even', width);
  if (width > MOST_WIDTH) throw reader.wrong('the width of a head', `at most ${MOST_WIDTH}`, width);
  const theta = reader.number('rope_theta', { least: 1e-6, ...(byDefault !== undefined && { byDefault }) });
  const plain = Float32Array.from({ length: width / 2 }, (_, k) => {
    const power = Math.fround(Math.pow(theta, Math.fround((2 * k) / width)));
    return Math.fround(1 / power);
  });
  switch (type) {
    case 'linear':
      return { frequencies: plain.map((frequency) => frequency / factorOf(reader)), factor: 1 };
    case 'proportional': {
      const share = reader.number('partial_rotary_factor', { byDefault: 1 });
      const turned = Math.floor((share * width) / 2);
      const by = factorOf(reader, 1);
      return { frequencies: plain.map((frequency, k) => (k < turned ? frequency / by : 0)), factor: 1 };
    }
    case 'yarn':
      return yarn(reader, plain, theta, context);
    default:
      return { frequencies: plain, factor: 1 };
  }
}

/** Reads the field `rope_parameters` of a config, which may be absent. Errors: those of `readRope`. */
export function ropeOf(reader: ConfigReader, context: Omit<RopeContext, 'name'>): Rope {
  const name = 'rope_parameters';
  const parameters = reader.field(name) ?? {};
  if (!anObject.test(parameters)) throw reader.wrong(name, 'an object', parameters);
  return readRope(parameters as JsonObject, { ...context, name });
}

function factorOf(reader: ConfigReader, byDefault?: number): number {
  return reader.number('factor', { least: 1e-6, ...(byDefault !== undefined && { byDefault }) });
}

/** Low frequencies are divided by the factor, high ones stay, and a ramp joins them. */
function yarn(reader: ConfigReader, plain: Float32Array, theta: number, context: RopeContext): Rope {
  const { width, maxPositions } = context;
  const scale = factorOf(reader);
  const original = reader.integer('original_max_position_embeddings', { least: 1, byDefault: maxPositions });
  const pairOf = (turns: number): number =>
    (width * Math.log(original / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  let low = pairOf(reader.number('beta_fast', { byDefault: 32 }));
  let high = pairOf(reader.number('beta_slow', { byDefault: 1 }));
  if (reader.flag('truncate', true)) [low, high] = [Math.floor(low), Math.ceil(high)];
  low = Math.max(low, 0);
  high = Math.min(high, width - 1);
  if (low === high) high += 0.001;
  const frequencies = plain.map((frequency, k) => {
    const ramp = Math.min(Math.max((k - low) / (high - low), 0), 1);
    return frequency * (ramp / scale + 1 - ramp);
  });
  return { frequencies, factor: attentionFactor(reader, scale) };
}

function attentionFactor(reader: ConfigReader, scale: number): number {
  if (reader.field('attention_factor') !== undefined) return reader.number('attention_factor');
  const grown = (times: number): number => (scale <= 1 ? 1 : 0.1 * times * Math.log(scale) + 1);
  const fields = ['mscale', 'mscale_all_dim'].map((name) => reader.field(name));
  if (fields.every(Boolean)) return grown(reader.number('mscale')) / grown(reader.number('mscale_all_dim'));
  return grown(1);
}

/** Cosines and sines, [positions, pairs] each. */
export function ropeTables(
  { frequencies, factor }: Rope,
  positions: ArrayLike<number>,
): { readonly cos: Float32Array; readonly sin: Float32Array } {
  const pairs = frequencies.length;
  const cos = new Float32Array(positions.length * pairs);
  const sin = new Float32Array(positions.length * pairs);
  for (let i = 0; i < positions.length; i++) {
    for (let k = 0; k < pairs; k++) {
      const angle = Math.fround(positions[i] * frequencies[k]);
      cos[i * pairs + k] = Math.fround(Math.cos(angle)) * factor;
      sin[i * pairs + k] = Math.fround(Math.sin(angle)) * factor;
    }
  }
  return { cos, sin };
}

/** The tables of a graph, in the form that `builder.rotary` takes for heads [B, N, heads, width]. */
export interface RopeValues {
  readonly cos: Value;
  readonly sin: Value;
}

/**
 * Adds the tables of a rope to a graph: constants for the positions 0, 1, 2, …, or the inputs `<name>_cos`
 * and `<name>_sin`, which `ropeInputs` fills.
 */
export function ropeValues(
  builder: ModelBuilder,
  name: string,
  rope: Rope,
  { batch, length, positions }: Pick<EncoderShape, 'batch' | 'length' | 'positions'>,
): RopeValues {
  const pairs = rope.frequencies.length;
  if (positions === 'input') {
    const spec = { dtype: 'f32', shape: [batch, length, 1, pairs] } as const;
    return { cos: builder.input(`${name}_cos`, spec), sin: builder.input(`${name}_sin`, spec) };
  }
  const { cos, sin } = ropeTables(
    rope,
    Array.from({ length }, (_, i) => i),
  );
  const shape = [length, 1, pairs];
  return { cos: builder.constant(f32(shape, cos)), sin: builder.constant(f32(shape, sin)) };
}

/** The inputs of `ropeValues` for positions [B, N]. */
export function ropeInputs(
  name: string,
  rope: Rope,
  { shape, data }: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
): Tensors {
  const { cos, sin } = ropeTables(rope, data);
  const whole = [...shape, 1, rope.frequencies.length];
  return { [`${name}_cos`]: f32(whole, cos), [`${name}_sin`]: f32(whole, sin) };
}
