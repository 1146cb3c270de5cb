/** The `attention` op: walks the plan's groups. */
import type { Kernel, KernelCall } from '@attn/core/backend';
import type { Engine } from '../engine/engine.ts';
import { attentionModule } from '../kernels/attention/row-block.ts';
import { inFrame, type Frame } from '../ops/frame.ts';
import type { PlanSource } from '../plan-source.ts';
import { placeBiases, requiredTerms } from './bias.ts';
import { GroupRun } from './group-run.ts';
import { mayReadInPlace } from './in-place.ts';

/** Makes the kernel; its calls get their plans from `plans`. */
export function attentionKernel(engine: Engine, plans: PlanSource): Kernel<'attention'> {
  return (call) =>
    inFrame(engine, call, async (frame) => {
      const { problem, plan } = await plans.plan(call.node, call.inputs, call.inputs, frame.pause);
      const { headDim, valueDim, batch, heads, queryLength } = problem;
      const computed = plan.groups.reduce(
        (sum, { block, members }) => sum + block.queryCount * members.length,
        0,
      );
      if (computed < batch * heads * queryLength) writeEmptyRows(frame, call);

      const terms = requiredTerms(call.inputs, problem);
      const { k, v } = call.inputs;
      const inPlace = [k, v].every((tensor) => frame.locate(tensor)) && mayReadInPlace(problem, plan);
      const key = `attention ${headDim} ${valueDim} ${inPlace} ${JSON.stringify(terms)}`;
      const module = engine.load(key, (options) =>
        attentionModule({ ...options, headDim, valueDim, terms, inPlace }),
      );
      const biases = placeBiases(frame, problem, call.inputs);
      let done = 0;
      for (const group of plan.groups) {
        const onTiles = (tiles: number): void =>
          call.context.onProgress?.({ done: done + tiles, total: plan.stats.tiles, unit: 'tiles' });
        await new GroupRun({ frame, call, problem, module, inPlace, biases, onTiles }, group).run();
        done += group.block.stats.tiles * group.members.length;
      }
    });
}

/** Writes the result of rows that see no key: no group computes them. */
function writeEmptyRows(frame: Frame, { outputs: [out, lse] }: KernelCall<'attention'>): void {
  frame.view(out).data.fill(0);
  if (lse) frame.view(lse).data.fill(-Infinity);
}
