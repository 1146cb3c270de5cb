/**
 * Reformer's local attention: the sequence is cut into chunks, and a token attends to its chunk and to
 * neighbouring ones. It is a pattern on the ordinary attention op, so every backend runs it. Kitaev et al.
 * 2020, https://arxiv.org/abs/2001.04451, as in trax and Hugging Face.
 */
import { checkArgument, checkOptions, type OptionKinds } from '../../check/check-options.ts';
import { AttnError, show } from '../../errors.ts';
import type { AttentionValues, GraphBuilder, Value } from '../../graph/builder.ts';
import { checkOperands } from '../../graph/check-operands.ts';
import { aBoolean, integer } from '../../check/kinds.ts';
import {
  ATTENTION_ATTRIBUTES,
  attentionProblem,
  type AttentionAttributes,
  type AttentionInputs,
} from '../../ops/attention/spec.ts';
import { LSH_ATTRIBUTES } from '../../ops/lsh-attention/spec.ts';
import { causal } from '../../patterns/causal.ts';
import { and } from '../../patterns/combinators.ts';
import { full } from '../../patterns/full.ts';
import type { Pattern } from '../../patterns/pattern.ts';
import { where } from '../../patterns/where.ts';
import type { Tensor } from '../../tensor.ts';

/** Which chunks a token attends to. */
export interface LocalChunks {
  /** Tokens of a chunk; the last chunk may have fewer. */
  readonly chunkLength: number;
  /** How many chunks before its own a token attends to. Default 1. */
  readonly chunksBefore?: number;
  /** How many chunks after its own a token attends to. Default 0. */
  readonly chunksAfter?: number;
  /** Whether the last chunk and the first are neighbours too, as in trax and Hugging Face. Default true. */
  readonly wrap?: boolean;
  /** Whether tokens attend to no later token. Default false. */
  readonly causal?: boolean;
}

/** Options of `buildLocalChunks`. */
export interface LocalChunkOptions
  extends LocalChunks, Omit<AttentionAttributes, 'pattern' | 'queryOffset' | 'score'> {}

/** The operands of `localChunkAttention`, with the shapes of `AttentionInputs`. */
export type LocalChunkOperands<T> = Pick<AttentionInputs<T>, 'q' | 'k' | 'v' | 'keyMask' | 'queryMask'>;

const WHERE = 'core/buildLocalChunks';

const OPERANDS = { required: ['q', 'k', 'v'], optional: ['keyMask', 'queryMask'] };

const CHUNK_OPTIONS: OptionKinds<LocalChunks> = {
  chunkLength: LSH_ATTRIBUTES.chunkLength,
  chunksBefore: integer(0),
  chunksAfter: integer(0),
  wrap: aBoolean,
  causal: aBoolean,
};

const { scale, softcap, layout, returnLse } = ATTENTION_ATTRIBUTES;
const ATTENTION_OPTIONS: OptionKinds<LocalChunkOptions> = {
  ...CHUNK_OPTIONS,
  scale,
  softcap,
  layout,
  returnLse,
};

/**
 * Adds attention within chunks and their neighbours to a graph, over as many keys as queries. A chunk that is
 * a neighbour on both sides, as in a cycle of two chunks, counts twice. Sequences no longer than a chunk get
 * ordinary attention. Errors: those of attention, and `INVALID_ARGUMENT`.
 *
 * @example
 * const builder = new GraphBuilder();
 * const q = builder.input('q', { dtype: 'f32', shape: [1, 8, 4096, 64] });
 * const { out } = buildLocalChunks(builder, { q, k: q, v: q }, { chunkLength: 64, causal: true });
 * const graph = builder.build({ out });
 */
export function buildLocalChunks(
  builder: GraphBuilder,
  operands: LocalChunkOperands<Value>,
  options: LocalChunkOptions,
): AttentionValues {
  checkOperands(WHERE, builder, operands, OPERANDS);
  const {
    chunkLength,
    chunksBefore,
    chunksAfter,
    wrap,
    causal: isCausal,
    ...attributes
  } = checkOptions(WHERE, options, ATTENTION_OPTIONS);
  const chunks = { chunkLength, chunksBefore, chunksAfter, wrap, causal: isCausal };
  const pattern = full();
  const { queryLength, keyLength } = attentionProblem(
    { q: fourAxes(operands.q), k: fourAxes(operands.k), v: fourAxes(operands.v) },
    { ...attributes, pattern },
  );
  if (queryLength !== keyLength) {
    const message = `queries and keys must be of equal length, got ${queryLength} and ${keyLength}`;
    throw new AttnError('INVALID_SHAPE', WHERE, message);
  }
  const times = multiplicities(keyLength, chunks);
  const bias = times && builder.constant(times);
  return builder.attention({ ...operands, bias }, { ...attributes, pattern: localChunks(keyLength, chunks) });
}

function fourAxes(value: Value): Value {
  if (value.shape.length === 4) return value;
  throw new AttnError(
    'INVALID_SHAPE',
    WHERE,
    `expected [batch, heads, seq, headDim], got ${show(value.shape)}`,
  );
}

/**
 * The pattern of local chunks over a sequence of this length. In a cycle of two chunks it does not say that a
 * chunk counts twice. Errors: `INVALID_ARGUMENT`.
 *
 * @example
 * localChunks(4096, { chunkLength: 64, causal: true });
 */
export function localChunks(length: number, options: LocalChunks): Pattern {
  checkArgument('core/localChunks', 'length', length, integer(0, 2 ** 31 - 1));
  const {
    chunkLength,
    chunksBefore = 1,
    chunksAfter = 0,
    wrap = true,
    causal: isCausal = false,
  } = checkOptions('core/localChunks', options, CHUNK_OPTIONS);
  const count = Math.ceil(length / chunkLength);
  const reach = chunksBefore + chunksAfter;
  const near = (): Pattern =>
    where(({ q, k }) => {
      const distance = k.div(chunkLength).sub(q.div(chunkLength)).add(chunksBefore);
      if (wrap) return distance.mod(count).le(reach);
      return distance.ge(0).and(distance.le(reach));
    });
  const seesAll = count <= 1 || (wrap && reach + 1 >= count);
  const visible = seesAll ? full() : near();
  return isCausal ? and(visible, causal()) : visible;
}

/** The bias log(times) [n, n] where a cycle is shorter than the reach, so that chunks meet several times. */
function multiplicities(length: number, options: LocalChunks): Tensor<'f32'> | undefined {
  const { chunkLength, chunksBefore = 1, chunksAfter = 0, wrap = true } = options;
  const count = Math.ceil(length / chunkLength);
  const reach = chunksBefore + chunksAfter + 1;
  if (!wrap || count <= 1 || reach <= count) return undefined;
  /** How often a chunk is met that is so many chunks ahead in the cycle. */
  const times = new Float64Array(count);
  for (let offset = -chunksBefore; offset <= chunksAfter; offset++) {
    times[((offset % count) + count) % count] += 1;
  }
  const data = new Float32Array(length * length);
  for (let i = 0; i < length; i++) {
    for (let j = 0; j < length; j++) {
      const ahead = Math.floor(j / chunkLength) - Math.floor(i / chunkLength);
      data[i * length + j] = Math.log(times[(ahead + count) % count]);
    }
  }
  return { dtype: 'f32', shape: [length, length], data };
}
