/** Decoding with a cache for models whose layers see no later token, such as Qwen 3 and Gemma 3. */
import { AttnError, full, type Graph, type Tensors, type Value } from '@attn/core';
import { show } from '@attn/core/backend';
import type { Attend, GroupedHeads, TurnedHeads } from '../encoder/grouped-attention.ts';
import type { LayerSight } from '../encoder/layer-sight.ts';
import { ropeInputs, ropeValues, type Rope } from '../encoder/rope.ts';
import { headsFirst, headsLast } from '../graph/head-axes.ts';
import { ModelBuilder } from '../graph/model-builder.ts';
import { stepOutputs } from '../graph/step-outputs.ts';
import type { CachedDecoding } from '../model.ts';
import { cacheNames, cacheStates, writeTokens, type KeysAndValues } from './caches.ts';
import { cachedSteps, type StepSizes } from './cached-steps.ts';
import { cacheLength, ringInputs, ringPlaces } from './ring.ts';
import { lastStates, laterBias, placesOf, stepPlaces, type StepAt } from './step-places.ts';

/** The attention of one layer. */
export interface CausalLayer {
  readonly heads: GroupedHeads;
  /** How many keys a query sees with its own; undefined where it sees all before it. */
  readonly window: number | undefined;
}

/** A language model whose layers see no later token. */
export interface CausalNetwork {
  readonly vocabSize: number;
  readonly ropes: ReadonlyMap<string, Rope>;
  readonly layers: readonly CausalLayer[];
  /** The states [B, T, hidden] of ids [B, T], of which the last are those before the head. */
  states(builder: ModelBuilder, ids: Value, sight: LayerSight): readonly Value[];
  /** The logits [B, T, vocabulary] of states. */
  logits(builder: ModelBuilder, states: Value): Value;
}

/** The steps of a network. */
export function causalDecoding(where: string, network: CausalNetwork): CachedDecoding {
  const { vocabSize, layers } = network;
  return cachedSteps<undefined>({
    where,
    vocabSize,
    maxLength: Infinity,
    idsName: 'input_ids',
    takesPadding: true,
    rowStates: layers.flatMap((_, i) => cacheNames('self', i)),
    readTexts(texts) {
      if (texts === undefined) return undefined;
      const message = `texts must be absent, because the model has no encoder, got ${show(texts)}`;
      throw new AttnError('INVALID_ARGUMENT', where, message);
    },
    graph: (sizes) => stepGraph(network, sizes),
    inputs: (sizes, at) => stepInputs(where, network, sizes, at),
  });
}

/** Where the keys of a layer's new tokens are written, and what these do not see. */
interface CachePlaces {
  readonly start: Value;
  readonly bias: Value;
}

/** Builds the graph of a step: the logits of the last token of each row that counts. */
function stepGraph(network: CausalNetwork, sizes: StepSizes<undefined>): Graph {
  const { rows, length, capacity, best, padding } = sizes;
  const builder = new ModelBuilder();
  const ids = builder.input('input_ids', { dtype: 'i32', shape: [rows, length] });
  const places = stepPlaces(builder, sizes);
  const shape = { batch: padding ? rows : 1, length, positions: 'input' } as const;
  const ropes = new Map(
    [...network.ropes].map(([name, rope]) => [name, ropeValues(builder, name, rope, shape)]),
  );
  const byWindow = new Map<number | undefined, CachePlaces>(
    [...windowsOf(network)].map((window) => [
      window,
      window === undefined
        ? { start: places.start, bias: laterBias(builder, places, capacity) }
        : ringPlaces(builder, window, { capacity, places }),
    ]),
  );
  const attend = (layer: number): Attend => {
    const { heads, window } = network.layers[layer];
    const cached = byWindow.get(window) as CachePlaces;
    const size = {
      rows,
      heads: heads.kvHeads,
      length: cacheLength(window, capacity),
      headDim: heads.headDim,
    };
    return (own) => attendCached(builder, own, cacheStates(builder, ['self', layer], size), cached);
  };
  const states = network.states(builder, ids, { ropes, attend });
  const last = lastStates(builder, states[states.length - 1], places);
  const logits = network.logits(builder, last);
  return builder.build(stepOutputs(builder, builder.reshape(logits, [rows, network.vocabSize]), best));
}

function stepInputs(
  where: string,
  network: CausalNetwork,
  { length, capacity }: StepSizes<undefined>,
  at: StepAt,
): Tensors {
  const positions = positionsOf(at);
  const places = { shape: [positions.length / length, length], data: positions };
  const inputs = [...network.ropes].map(([name, rope]) => ropeInputs(name, rope, places));
  for (const window of windowsOf(network)) {
    if (window === undefined) continue;
    inputs.push(ringInputs(window, { where, position: at.position, length, capacity }));
  }
  return Object.assign({}, ...inputs);
}

/** The position of each token in its row, [B, T]; that of padding is 0. B is 1 where no row has padding. */
function positionsOf(at: StepAt): Int32Array {
  const places = placesOf(at);
  const { starts } = at;
  if (starts === undefined) return places;
  const { length } = places;
  return Int32Array.from({ length: starts.length * length }, (_, i) =>
    Math.max(0, places[i % length] - starts[Math.floor(i / length)]),
  );
}

function windowsOf({ layers }: CausalNetwork): ReadonlySet<number | undefined> {
  return new Set(layers.map(({ window }) => window));
}

/** Writes the new keys and values into a cache, and attends to all that it holds. */
function attendCached(
  builder: ModelBuilder,
  { q, k, v, scale }: TurnedHeads,
  cache: KeysAndValues,
  { start, bias }: CachePlaces,
): Value {
  const [rows, length, heads, headDim] = q.shape;
  const kvHeads = k.shape[2];
  const added = { key: headsFirst(builder, k), value: headsFirst(builder, v) };
  const { key, value } = writeTokens(builder, cache, added, start);
  const attention = (queries: Value): Value => {
    const options = { pattern: full(), ...(scale !== undefined && { scale }) };
    return builder.attention({ q: queries, k: key, v: value, bias }, options).out;
  };
  if (length > 1) return headsLast(builder, attention(headsFirst(builder, q)));
  // The queries that share a head of keys are queries of one head: the keys are read once for all of them.
  const shared = attention(builder.reshape(q, [rows, kvHeads, heads / kvHeads, headDim]));
  return builder.reshape(shared, [rows, 1, heads, headDim]);
}
