/**
 * Lets ONNX Runtime write results straight to arrays of the caller. It takes an array only with the very shape
 * that it computes, which may be flatter than that of the output: a first run tells which it is.
 */
import type { Tensors } from '@attn/core';
import { isOrdinaryMemory } from '@attn/core/backend';
import type { OrtTensor, OrtTensors, Runtime } from './runtime.ts';
import type { Stage } from './stages.ts';
import { toOrt } from './tensors.ts';

/** Knows the shapes of results, by stage. */
export class ResultArrays {
  private readonly runtime: Runtime;
  private readonly shapes = new Map<Stage, ReadonlyMap<string, readonly number[]>>();

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  /** Whether runs may write to any of these tensors. */
  mayWriteTo(targets: Tensors): boolean {
    return this.runtime.writesToArrays && Object.keys(targets).length > 0;
  }

  /** What `OrtSession.run` is asked for; undefined where all results are new. */
  fetches(stage: Stage, targets: Tensors): Readonly<Record<string, OrtTensor | null>> | undefined {
    const shapes = this.shapes.get(stage);
    if (shapes === undefined || !this.mayWriteTo(targets)) return undefined;
    const { session, lowered } = stage;
    const arrays = [...lowered.outputs].flatMap(([name, modelName]): [string, OrtTensor][] => {
      const [target, shape] = [targets[name], shapes.get(modelName)];
      const fits = target !== undefined && shape !== undefined && isOrdinaryMemory(target.data);
      return fits ? [[modelName, toOrt(this.runtime, { ...target, shape })]] : [];
    });
    if (arrays.length === 0) return undefined;
    const all = session.outputNames.map((name): [string, null] => [name, null]);
    return Object.fromEntries<OrtTensor | null>([...all, ...arrays]);
  }

  /** Notes the shapes of a stage's results. They are always the same, unless data decides on plans. */
  learn(stage: Stage, results: OrtTensors): void {
    if (this.shapes.has(stage) || stage.lowered.planFeeds.length > 0) return;
    const { outputs } = stage.lowered;
    this.shapes.set(stage, new Map([...outputs.values()].map((name) => [name, results[name].dims])));
  }
}
