/** `expertLinear` as dispatches: choices are sorted by their experts, then multiplied. */
import { sizeOf, type NodeOf } from '@attn/core/backend';
import { always, specOf, storageOf, type NodeProgram, type ProgramContext } from '../graph/context.ts';
import { DeviceScratch, type Dispatch } from '../graph/dispatch.ts';
import {
  EXPERT_COLUMNS,
  EXPERT_LINEAR_PARAMS,
  EXPERT_ROWS,
  expertLinearKernel,
} from '../kernels/expert-linear.ts';
import { gridParts, packParams } from '../kernels/wgsl.ts';
import { digitsOf, sortDispatches } from './lsh.ts';

/** The dispatches of an `expertLinear` node. */
export function emitExpertLinear(
  context: ProgramContext,
  { inputs, outputs }: NodeOf<'expertLinear'>,
): NodeProgram {
  const { x, experts: choice, weight, bias } = inputs;
  const { shape, dtype } = specOf(context, choice);
  const [experts, depth, columns] = specOf(context, weight).shape;
  const choices = sizeOf(shape);
  if (choices * columns === 0) return always();
  const order = new DeviceScratch(4 * choices);
  const sorted = sortDispatches({
    x: choice,
    to: order,
    shape: [choices],
    dtype,
    passes: Math.max(1, digitsOf(experts)),
  });
  const options = { hasBias: bias !== undefined, storage: storageOf(context, outputs[0]) };
  const kernel = expertLinearKernel(options);
  const sizes = { choices, perRow: shape[shape.length - 1], experts, depth, columns };
  const bindings = [x, choice, order, weight, ...(bias === undefined ? [] : [bias]), outputs[0]];
  const parts = (count: number) => gridParts(count, context.limits.mostGroups);
  const products = parts(Math.ceil(choices / EXPERT_ROWS)).flatMap((rows) =>
    parts(Math.ceil(columns / EXPERT_COLUMNS)).map((part): Dispatch => ({
      kernel,
      params: packParams(EXPERT_LINEAR_PARAMS, {
        ...sizes,
        firstTile: rows.first,
        firstTileColumn: part.first,
      }),
      bindings,
      grid: [part.count, rows.count, 1],
    })),
  );
  return always(...sorted, ...products);
}
