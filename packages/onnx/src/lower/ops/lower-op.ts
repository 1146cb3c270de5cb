/** The type of a lowering. */
import type { NodeOf, OpName } from '@attn/core/backend';
import type { LoweringContext } from '../context.ts';

/** Writes the operators of a node, and tells the context where its outputs stand. */
export type Lower<K extends OpName> = (context: LoweringContext, node: NodeOf<K>) => void;
