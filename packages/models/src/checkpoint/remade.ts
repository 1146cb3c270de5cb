/** A checkpoint whose tensors come from another one, under other names, and some of them changed. */
import { AttnError, type JsonObject, type Tensor } from '@attn/core';
import { show } from '@attn/core/backend';
import type { Checkpoint, StoredSpec } from './checkpoint.ts';

/** What is made of a tensor. */
export interface TensorChange {
  spec(spec: StoredSpec): StoredSpec;
  tensor(tensor: Tensor): Tensor;
}

/** The tensor of the other checkpoint from which a tensor comes. */
export interface Origin {
  readonly name: string;
  /** Absent where the tensor stays as it is. */
  readonly change?: TensorChange | undefined;
}

/** What the new checkpoint has. */
export interface Remade {
  /** Package and function, as in `AttnError`. */
  readonly where: string;
  /** Begins the name of the new checkpoint: `the Longformer`. */
  readonly what: string;
  readonly config: JsonObject;
  /** By the names of the new checkpoint. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/**
 * The new checkpoint. Tensors are read when they are asked for; disposing one of the two checkpoints disposes
 * both.
 */
export function remadeCheckpoint(from: Checkpoint, { where, what, config, origins }: Remade): Checkpoint {
  const own = `${what} of ${from.name}`;
  const find = (name: string): Origin => {
    const origin = origins.get(name);
    if (origin !== undefined) return origin;
    throw new AttnError('MISSING_INPUT', where, `${own} has no tensor ${show(name)}`);
  };
  return {
    name: own,
    config,
    names: [...origins.keys()],
    has: (name) => origins.has(name),
    spec: (name) => {
      const { name: source, change } = find(name);
      const spec = from.spec(source);
      return change === undefined ? spec : change.spec(spec);
    },
    tensor: async (name) => {
      const { name: source, change } = find(name);
      const tensor = await from.tensor(source);
      return change === undefined ? tensor : change.tensor(tensor);
    },
    lazyTensor: (name) => {
      const { name: source, change } = find(name);
      return change === undefined ? from.lazyTensor?.(source) : undefined;
    },
    lazyBytes: (name) => {
      const { name: source, change } = find(name);
      return change === undefined ? from.lazyBytes?.(source) : undefined;
    },
    readAhead: (names) => from.readAhead?.(names.map((name) => find(name).name)) ?? (() => {}),
    dispose: () => from.dispose(),
    [Symbol.asyncDispose]: () => from.dispose(),
  };
}
