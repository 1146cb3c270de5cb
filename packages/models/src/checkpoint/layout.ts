/**
 * The tensors that a model expects, as a tree of slots that has the form in
 * which the graph needs them. `read-weights.ts` checks all slots against
 * the checkpoint and turns the tree of slots into an equal tree of weights.
 */
import type { Tensor } from '@attn/core';
import type { QuantizedWeight } from './quantized-weight.ts';

/** What a tensor that may be quantised is for: the matrix of a linear layer, or a table of embeddings. */
export type SlotRole = 'linear' | 'embeddings';

/** The place of one tensor in a model. */
export class Slot {
  /** Name of the tensor in the checkpoint. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Undefined for tensors that are never quantised: norms, biases, positions, … */
  readonly role: SlotRole | undefined;
  /** Whether a model loses much where this tensor has few bits. */
  readonly isSensitive: boolean;

  constructor(name: string, shape: readonly number[], role?: SlotRole, isSensitive = false) {
    this.name = name;
    this.shape = shape;
    this.role = role;
    this.isSensitive = isSensitive;
  }
}

/** A tensor of the model, f32, with its name in the checkpoint. */
export interface Weight {
  readonly name: string;
  /** Its numbers. Those that codes stand for are made when they are asked for. */
  readonly tensor: Tensor<'f32'>;
  /** The codes of a quantised weight, a matrix [rows, length]. */
  readonly quantized?: QuantizedWeight | undefined;
}

/**
 * A tree of slots with a weight in the place of every slot. Parts
 * that a model lacks are undefined in both trees.
 */
export type Weights<L> = L extends Slot
  ? Weight
  : L extends readonly (infer Item)[]
    ? readonly Weights<Item>[]
    : L extends object
      ? { readonly [K in keyof L]: Weights<L[K]> }
      : L;

/** Slots of y = x·Wᵀ + b, W [out, in]. */
export interface LinearSlots {
  readonly weight: Slot;
  readonly bias: Slot;
}

/** Slots of y = x·Wᵀ. */
export type MatrixSlots = Pick<LinearSlots, 'weight'>;

/** Slots of a layer normalisation. */
export interface NormSlots {
  readonly weight: Slot;
  readonly bias: Slot;
}

/** A linear layer with bias, as PyTorch names it. */
export function linearSlots(name: string, outFeatures: number, inFeatures: number): LinearSlots {
  return {
    ...matrixSlots(name, outFeatures, inFeatures),
    bias: new Slot(`${name}.bias`, [outFeatures]),
  };
}

/** A linear layer without bias, as PyTorch names it. */
export function matrixSlots(name: string, outFeatures: number, inFeatures: number): MatrixSlots {
  return { weight: new Slot(`${name}.weight`, [outFeatures, inFeatures], 'linear') };
}

/** The slots of a layer whose weight should not have few bits, as the values of an attention should not. */
export function sensitive<S extends MatrixSlots>(slots: S): S {
  const { name, shape, role } = slots.weight;
  return { ...slots, weight: new Slot(name, shape, role, true) };
}

/** Layers of which the last one has an attention with a sensitive output: no layer after it mends it. */
export function withSensitiveEnd<L extends { readonly attentionOutput: MatrixSlots }>(
  layers: readonly L[],
): readonly L[] {
  return layers.map((layer, i) =>
    i < layers.length - 1 ? layer : { ...layer, attentionOutput: sensitive(layer.attentionOutput) },
  );
}

/** A layer normalisation, as PyTorch names it. */
export function normSlots(name: string, features: number): NormSlots {
  return { weight: new Slot(`${name}.weight`, [features]), bias: new Slot(`${name}.bias`, [features]) };
}

/** A table of embeddings [rows, dim]. */
export function tableSlot(name: string, rows: number, dim: number): Slot {
  return new Slot(name, [rows, dim], 'embeddings');
}

/** Lists all slots of a tree of objects and lists. */
export function slotsOf(layout: unknown): readonly Slot[] {
  if (layout instanceof Slot) return [layout];
  return typeof layout === 'object' && layout !== null ? Object.values(layout).flatMap(slotsOf) : [];
}

/** Returns the tree with the weight of the slot's name in the place of every slot. */
export function fillIn<L extends object>(layout: L, weights: ReadonlyMap<string, Weight>): Weights<L> {
  return replaceSlots(layout, weights) as Weights<L>;
}

function replaceSlots(layout: unknown, weights: ReadonlyMap<string, Weight>): unknown {
  if (layout instanceof Slot) return weights.get(layout.name);
  if (Array.isArray(layout)) return layout.map((item) => replaceSlots(item, weights));
  if (typeof layout !== 'object' || layout === null) return layout;
  return Object.fromEntries(
    Object.entries(layout).map(([name, item]) => [name, replaceSlots(item, weights)]),
  );
}
