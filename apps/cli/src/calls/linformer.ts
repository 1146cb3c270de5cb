/**
 * `{"type":"linformer","projection":"meanPool","k":256}`: Linformer's attention; its matrices are tensors
 * of the file.
 */
import { f32, linformer, type Json, type JsonObject, type Tensor } from '@attn/core';
import { LINFORMER_PROJECTIONS, show, unknownName, type LinformerOptions } from '@attn/core/backend';
import { evaluateReference, toReference } from '@attn/core/reference';
import { badArgument } from '../args.ts';
import { graphCost } from '../plan-cost.ts';
import type { SystemOption, InputNames } from './call.ts';
import { greatestDifference } from './rows.ts';

/** Its tensors. */
export const LINFORMER_INPUTS: InputNames = {
  required: ['q', 'k', 'v'],
  optional: ['keyMask', 'E', 'F', 'biasE', 'biasF'],
};

/** Errors: `INVALID_ARGUMENT`. */
export function linformerCall(json: JsonObject): SystemOption {
  const system = readSystem(json);
  return {
    name: 'linformer',
    inputs: LINFORMER_INPUTS,
    prepare({ q, k, v, ...optional }, options) {
      const params = { q, k, v, ...optional, ...options, ...system, returnLse: true } as const;
      const call = linformer(params);
      const { graph } = call;
      return {
        call,
        cost: async () => graphCost(graph, { q, k, v }, options.layout),
        // Each row by itself: a query sees the same projected keys whatever others there are.
        async greatestError(_, { out }, rows) {
          const picked = [...new Set(rows.map(({ row }) => row))];
          const few = linformer({ ...params, q: rowsOf(q, picked) });
          const expected = evaluateReference(few.graph, few.inputs).out;
          const [, heads, , dim] = expected.shape;
          const inOrder = rows.map(({ batch, head, row }) => {
            const at = ((batch * heads + head) * picked.length + picked.indexOf(row)) * dim;
            return expected.data.subarray(at, at + dim);
          });
          const data = Float64Array.from(inOrder.flatMap((row) => [...row]));
          return greatestDifference(out, { shape: [rows.length, dim], data }, rows);
        },
      };
    },
  };
}

/** The options; `causal` is passed on, so that it is refused with the reason. */
function readSystem(json: JsonObject): LinformerOptions {
  const { type, projection, k, causal, ...unknown } = json;
  const [stray] = Object.keys(unknown);
  if (stray !== undefined) {
    throw badArgument(`--pattern: ${String(type)}: ${unknownName('option', stray, ['projection', 'k'])}`);
  }
  const choice = LINFORMER_PROJECTIONS.find((name) => name === projection);
  if (projection !== undefined && choice === undefined) {
    const names = LINFORMER_PROJECTIONS.join(', ');
    throw badArgument(`--pattern: projection must be one of ${names}, got ${show(projection)}`);
  }
  const refused = causal === undefined ? {} : { causal };
  return { ...refused, projection: choice, projectedLength: readLength(k) };
}

function readLength(k: Json | undefined): LinformerOptions['projectedLength'] {
  if (k === undefined || typeof k === 'number') return k;
  const list = Array.isArray(k) ? k.filter((each) => typeof each === 'number') : [];
  if (!Array.isArray(k) || list.length !== k.length) {
    throw badArgument(
      `--pattern: k must be a number or a list of numbers, one for each head, got ${show(k)}`,
    );
  }
  return list;
}

/** Some rows of [B, H, N, D]. */
function rowsOf(tensor: Tensor, rows: readonly number[]): Tensor {
  const { shape, data } = toReference(tensor);
  const [batch, heads, length, dim] = shape;
  const picked = new Float32Array(batch * heads * rows.length * dim);
  for (let head = 0; head < batch * heads; head++) {
    rows.forEach((row, index) => {
      const at = (head * length + row) * dim;
      picked.set(data.subarray(at, at + dim), (head * rows.length + index) * dim);
    });
  }
  return f32([batch, heads, rows.length, dim], picked);
}
