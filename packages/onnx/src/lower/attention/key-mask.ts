/**
 * A key mask that comes with a run and hides few keys. Leaving such keys out of the plan wins little, and
 * costs a mask for each tile and tables for each run. So the model also has the plan of all keys, whose
 * weights the mask multiplies, and each run takes the cheaper way.
 */
import type { AttentionPlan, Tensor } from '@attn/core';
import {
  inputSpecs,
  planTensors,
  planValues,
  TILE,
  type AttentionProblem,
  type NodeOf,
} from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import type { LoweringContext } from '../context.ts';
import type { PoolTables } from './tables.ts';

/** The least share of keys that must be visible, and the greatest share of tiles that may be all hidden. */
const LEAST_VISIBLE = 0.6;
const MOST_HIDDEN_TILES = 0.05;

/** Whether a key mask is the only input of a run that decides on a node's plan. */
export function onlyKeyMaskDecides(
  { constants }: LoweringContext['graph'],
  node: NodeOf<'attention'>,
): boolean {
  const undecided = planValues(node).filter((id) => !constants.has(id));
  return undecided.length === 1 && undecided[0] === node.inputs.keyMask;
}

/** The plan of a node as if every key were visible. */
export function planOfAllKeys(context: LoweringContext, node: NodeOf<'attention'>): AttentionPlan {
  const { keyMask: _, ...specs } = inputSpecs(context.graph, node);
  const { keyMask: _id, ...inputs } = node.inputs;
  const data = planTensors(context.graph, { ...node, inputs }, {});
  return context.plans.plan(specs, node.attributes, data).plan;
}

/** Whether a key mask [B, Nk] hides so little that the plan of all keys is the cheaper one. */
export function hidesFewKeys({ shape, data }: Tensor): boolean {
  const [rows, length] = shape;
  let [visible, tiles, hiddenTiles] = [0, 0, 0];
  for (let row = 0; row < rows; row++) {
    for (let start = 0; start < length; start += TILE) {
      let count = 0;
      for (let key = start; key < Math.min(start + TILE, length); key++) {
        if (data[row * length + key] !== 0) count += 1;
      }
      visible += count;
      tiles += 1;
      if (count === 0) hiddenTiles += 1;
    }
  }
  return visible >= LEAST_VISIBLE * rows * length && hiddenTiles <= MOST_HIDDEN_TILES * tiles;
}

/** Adds the key mask [B, Nk] as 1 and 0 for the keys of a pool: [tiles, 64, 1]. */
export function emitVisibleKeys(
  scope: GraphScope,
  keyMask: Name,
  { batch, kvHeads, keyLength }: AttentionProblem,
  { rows }: Pick<PoolTables, 'rows'>,
): Name {
  const { model } = scope;
  const visible = scope.cast(scope.cast(keyMask, 'bool'), 'f32');
  const ofHeads = scope.op('Expand', [
    scope.reshape(visible, [-1, 1, keyLength]),
    model.integers([batch, kvHeads, keyLength]),
  ]);
  const all = scope.reshape(ofHeads, [-1]);
  return scope.reshape(rows === undefined ? all : scope.op('Gather', [all, rows]), [-1, TILE, 1]);
}
