/**
 * `{"type":"lsh","rounds":4,"causal":true}`: Reformer's LSH attention. Queries are keys, too: it reads `q`
 * and `v`, and no `k`.
 */
import { lsh, LSH_PRESETS, type Json, type JsonObject, type LshPreset } from '@attn/core';
import { show, unknownName, type LshOptions } from '@attn/core/backend';
import { lshReferenceRows } from '@attn/core/reference';
import { badArgument } from '../args.ts';
import { graphCost } from '../plan-cost.ts';
import type { SystemOption, InputNames } from './call.ts';
import { greatestDifference, referenceInputs } from './rows.ts';

/** Its tensors. */
export const LSH_INPUTS: InputNames = {
  required: ['q', 'v'],
  optional: ['keyMask', 'rotations', 'buckets', 'order'],
};

const NUMBERS = ['rounds', 'chunkLength', 'chunksBefore', 'chunksAfter', 'maxPositions', 'seed'] as const;
const FLAGS = ['causal', 'wrap', 'withinBuckets', 'maskedBucket'] as const;
const WORDS = {
  keyNorm: ['rms', 'l2'],
  duplicates: ['each', 'once', 'lucidrains'],
  shareRotations: ['all', 'batch', 'none'],
} as const;

/** Errors: `INVALID_ARGUMENT`. */
export function lshCall(json: JsonObject): SystemOption {
  const system = readSystem(json);
  return {
    name: 'lsh',
    inputs: LSH_INPUTS,
    prepare({ q, v, keyMask, rotations, buckets, order }, options) {
      const operands = { q, v, keyMask, rotations, buckets, order };
      const params = { ...operands, ...options, ...system, returnLse: true } as const;
      const call = lsh(params);
      const { graph } = call;
      return {
        call,
        cost: async () => graphCost(graph, { q, k: q, v }, options.layout),
        // By the orders that the same backend finds: those are its own, as far as roundings decide between
        // buckets.
        async greatestError(attn, { out, backend }, rows) {
          const hashed = await attn.run(lsh({ ...params, returnOrder: true }), { backend });
          const inputs = referenceInputs({
            q,
            v,
            keyMask,
            order: hashed.order,
            buckets: hashed.buckets,
          });
          const node = graph.nodes.find(({ op }) => op === 'lshAttention');
          if (node?.op !== 'lshAttention') throw new TypeError('expected a node of LSH attention');
          return greatestDifference(out, lshReferenceRows(inputs, node.attributes, rows), rows);
        },
      };
    },
  };
}

function readSystem(json: JsonObject): LshOptions {
  const { type, preset, bucketCount, ...rest } = json;
  const options = ['preset', 'bucketCount', ...NUMBERS, ...FLAGS, ...Object.keys(WORDS)];
  const stray = Object.keys(rest).find((name) => !options.includes(name));
  if (stray !== undefined) {
    throw badArgument(`--pattern: ${String(type)}: ${unknownName('option', stray, options)}`);
  }
  const read = <T extends Json>(name: string, kind: string, isOne: (value: Json) => value is T): object => {
    const value = rest[name];
    if (value === undefined) return {};
    if (!isOne(value)) throw badArgument(`--pattern: ${name} must be ${kind}, got ${show(value)}`);
    return { [name]: value };
  };
  const words = Object.entries(WORDS).map(([name, list]) => {
    const isOne = (value: Json): value is string => list.some((word) => word === value);
    return read(name, list.join(' or '), isOne);
  });
  return Object.assign(
    { ...readPreset(preset), ...readBucketCount(bucketCount) },
    ...NUMBERS.map((name) => read(name, 'a number', (value) => typeof value === 'number')),
    ...FLAGS.map((name) => read(name, 'true or false', (value) => typeof value === 'boolean')),
    ...words,
  );
}

function readPreset(preset: Json | undefined): LshOptions {
  if (preset === undefined) return {};
  const names = Object.keys(LSH_PRESETS) as LshPreset[];
  const choice = names.find((name) => name === preset);
  if (choice !== undefined) return { preset: choice };
  throw badArgument(`--pattern: preset must be one of ${names.join(', ')}, got ${show(preset)}`);
}

function readBucketCount(count: Json | undefined): LshOptions {
  if (count === undefined) return {};
  if (typeof count === 'number') return { bucketCount: count };
  const list = Array.isArray(count) ? count.filter((each) => typeof each === 'number') : [];
  if (Array.isArray(count) && list.length === count.length) return { bucketCount: list };
  throw badArgument(`--pattern: bucketCount must be a number or a list of factors, got ${show(count)}`);
}
