/**
 * One class of query blocks as a `Scan`: each step gathers the queries, keys and values of a few blocks and attends, in one of two forms.
 * Keys are unit vectors, so that logits are bounded by the length of their query. Where that is short for all queries, exponentials need no
 * maximum to be taken off first, and those of all rounds just add up. The general form is right for any numbers.
 */
import type { LshProblem } from '@attn/core';
import { MICROSOFT, type GraphScope, type Name } from '../../model/model-builder.ts';
import { emitExact, emitIf } from '../attention/softmax.ts';
import type { ClassLists } from './lists.ts';
import type { ChunkSchedule } from './schedule.ts';
import type { GroupTables } from './tables.ts';
import { emitCounts, emitHiddenPairs, type StepBlocks } from './visibility.ts';

/**
 * A logit that is hidden, and what is below any that is not: far below every logit, and yet a number, so that the softmax of a query that
 * sees nothing is one as well. Its lse says that its result counts for nothing.
 */
const HIDDEN_LOGIT = -1e30;
export const NOTHING_BELOW = -1e29;

/** What the scans of a group share. */
export interface StepContext {
  readonly problem: LshProblem;
  readonly plan: ChunkSchedule;
  readonly tables: GroupTables;
  readonly lists: readonly ClassLists[];
  readonly portable: boolean;
}

/** Results of all places: [places, Dv], [places]. */
export interface PlaceResults {
  /** The mean of the values that a query sees, or their sum. */
  readonly out: Name;
  /** Its lse, or the sum of its weights. */
  readonly weight: Name;
}

/** A step, before it is decided how to weigh. */
interface Step {
  /** [G, rows, K · chunkLength]: q·k times the scale. */
  readonly products: Name;
  /** [G, K · chunkLength, Dv]. */
  readonly values: Name;
  /** As the products, or undefined where pairs count each time. */
  readonly counts: Name | undefined;
  /** Writes where pairs are hidden, as bool. */
  readonly hidden: () => Name;
  /** The same as factors [rows, K · chunkLength], where they are constant. */
  readonly diagonal: Name | undefined;
}

/** Writes how a step attends: [G, rows, Dv], [G, rows]. */
type Attend = (body: GraphScope, step: Step) => PlaceResults;

/** Sums of values weighed by exp(logit), and of the weights. */
export function emitBoundedScans(scope: GraphScope, context: StepContext): PlaceResults {
  const { model } = scope;
  return emitScans(scope, context, (body, { products, values, counts, hidden, diagonal }) => {
    const all = body.op('Exp', [products]);
    const counted = counts === undefined ? all : body.op('Div', [all, counts]);
    const weights =
      diagonal === undefined
        ? body.op('Where', [hidden(), model.scalar(0), counted])
        : body.op('Mul', [counted, diagonal]);
    return {
      out: body.op('MatMul', [weights, values]),
      weight: body.op('ReduceSum', [weights, model.integers([-1])], { keepdims: 0 }),
    };
  });
}

/** Softmax, and its lse. */
export function emitGeneralScans(scope: GraphScope, context: StepContext): PlaceResults {
  const { model } = scope;
  return emitScans(scope, context, (body, { products, values, counts, hidden }) => {
    const raw = counts === undefined ? products : body.op('Sub', [products, body.op('Log', [counts])]);
    const isHidden = hidden();
    const logits = body.op('Where', [isHidden, model.scalar(HIDDEN_LOGIT), raw]);
    const shares = body.op('Softmax', [logits], { axis: -1 });
    const out = body.op('MatMul', [shares, values]);
    // The share of the largest logit is exp(it − lse).
    const last = model.integers([-1]);
    const [top, topShare] = [logits, shares].map((name) =>
      body.op('ReduceMax', [name, last], { keepdims: 0 }),
    );
    const fast = [out, body.op('Sub', [top, body.op('Log', [topShare])])];

    const exactly = (branch: GraphScope): Name[] => {
      const hiding = branch.op('Where', [isHidden, model.scalar(-Infinity), model.scalar(0)]);
      const exact = emitExact(branch, raw, hiding, values, true);
      // Where the fast form gave a number it stays: what one row holds changes no bit of another.
      return [exact.out, exact.lse ?? ''].map((right, index) =>
        branch.op('Where', [isNoNumber(branch, fast[index]), right, fast[index]]),
      );
    };
    const kept = (branch: GraphScope): Name[] => fast.map((name) => branch.op('Identity', [name]));
    const sum = body.op('ReduceSum', [out], { keepdims: 0 });
    const [right, lse] = emitIf(body, isNoNumber(body, sum), 2, exactly, kept);
    return { out: right, weight: lse };
  });
}

/** NaN and infinities: those of hidden keys are among what a query that sees nothing takes the mean of. */
function isNoNumber(body: GraphScope, name: Name): Name {
  return body.op('IsNaN', [body.op('Mul', [name, body.model.scalar(0)])]);
}

/** The scans of all classes, one after another. */
function emitScans(scope: GraphScope, context: StepContext, attend: Attend): PlaceResults {
  const parts = context.lists.map((each) => emitScan(scope, context, each, attend));
  if (parts.length === 1) return parts[0];
  const joined = (names: readonly Name[]): Name => scope.op('Concat', names, { axis: 0 });
  return { out: joined(parts.map(({ out }) => out)), weight: joined(parts.map(({ weight }) => weight)) };
}

function emitScan(scope: GraphScope, context: StepContext, each: ClassLists, attend: Attend): PlaceResults {
  const { problem, plan, tables, portable } = context;
  const { reach, rows, chunkLength } = plan;
  const { blocks } = each;
  const body = scope.body();
  const scanned: Name[] = [];
  const scan = (name: Name | undefined, width: number): Name => {
    if (name === undefined) return '';
    scanned.push(name);
    return body.input('step', { dtype: 'i32', shape: [blocks, width] });
  };
  const starts = scan(each.starts, 1);
  const near = scan(each.near, reach);
  const rounds = scan(each.rounds, 1);
  const places = body.op('Add', [starts, each.within]);
  const queries = body.op('Gather', [body.reshape(tables.tokens, [-1]), places]);
  const keys = body.reshape(body.op('Gather', [tables.tokens, near]), [blocks, reach * chunkLength]);
  const found: StepBlocks = { places, queries, near, keys, rounds };

  const q = body.op('Gather', [tables.queries, queries]);
  const k = body.op('Gather', [tables.keys, keys]);
  const { out, weight } = attend(body, {
    products: portable
      ? body.op('MatMul', [q, body.op('Transpose', [k], { perm: [0, 2, 1] })])
      : body.op('FusedMatMul', [q, k], { transB: 1 }, MICROSOFT),
    values: body.op('Gather', [tables.values, keys]),
    counts: problem.duplicates === 'lucidrains' ? emitCounts(body, problem, tables, found) : undefined,
    hidden: () => emitHiddenPairs(body, context, found),
    diagonal: each.diagonal,
  });
  body.output(out, { dtype: 'f32', shape: [blocks, rows, problem.valueDim] });
  body.output(weight, { dtype: 'f32', shape: [blocks, rows] });
  const [outs, weights] = scope.ops('Scan', scanned, 2, { num_scan_inputs: scanned.length, body });
  return { out: scope.reshape(outs, [-1, problem.valueDim]), weight: scope.reshape(weights, [-1]) };
}
