/**
 * One class of query blocks as a `Scan`: each step gathers the queries, keys and values of a few blocks and attends, in one of two forms.
 * Keys are unit vectors, so that logits are bounded by the length of their query. Where that is short for all queries, exponentials need no
 * maximum to be taken off first, and those of all rounds just add up. The general form is right for any numbers.
 */
import type { LshProblem } from '@attn/core/backend';
import { MICROSOFT } from '../../model/domains.ts';
import type { GraphScope, Name } from '../../model/model-builder.ts';
import { emitIf, emitWeighed, emitWeighedExact } from '../attention/softmax.ts';
import type { ClassLists } from './lists.ts';
import type { ChunkSchedule } from './schedule.ts';
import type { GroupTables } from './tables.ts';
import { emitCounts, emitHiddenPairs, type StepBlocks } from './visibility.ts';

/** What the scans of a group share. */
export interface StepContext {
  readonly problem: LshProblem;
  readonly plan: ChunkSchedule;
  readonly tables: GroupTables;
  readonly lists: readonly ClassLists[];
  readonly portable: boolean;
}

/** Results of all places: [places, Dv], [places]. */
export interface PlaceSums {
  /** The sum of the weighed values that a query sees, and that of the weights. */
  readonly out: Name;
  readonly weight: Name;
}

/** Results of all places: [places, Dv], [places], [places]. */
export interface PlaceMeans {
  /** The mean of the values that a query sees. */
  readonly out: Name;
  /** The sum of the weights, 0 where it sees nothing, and the greatest logit, which they are relative to. */
  readonly weight: Name;
  readonly greatest: Name;
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

/** Writes how a step attends: [G, rows, Dv], and results [G, rows]. */
type Attend = (body: GraphScope, step: Step) => readonly Name[];

/** Sums of values weighed by exp(logit), and of the weights. */
export function emitBoundedScans(scope: GraphScope, context: StepContext): PlaceSums {
  const { model } = scope;
  const [out, weight] = emitScans(scope, context, (body, { products, values, counts, hidden, diagonal }) => {
    const all = body.op('Exp', [products]);
    const counted = counts === undefined ? all : body.op('Div', [all, counts]);
    const weights =
      diagonal === undefined
        ? body.op('Where', [hidden(), model.scalar(0), counted])
        : body.op('Mul', [counted, diagonal]);
    return [
      body.op('MatMul', [weights, values]),
      body.op('ReduceSum', [weights, model.integers([-1])], { keepdims: 0 }),
    ];
  });
  return { out, weight };
}

/** The softmax of each step, and what it takes to merge those of all rounds. */
export function emitGeneralScans(scope: GraphScope, context: StepContext): PlaceMeans {
  const { model } = scope;
  const [out, weight, greatest] = emitScans(scope, context, (body, { products, values, counts, hidden }) => {
    const raw = counts === undefined ? products : body.op('Sub', [products, body.op('Log', [counts])]);
    const isHidden = hidden();
    const logits = body.op('Where', [isHidden, model.scalar(-Infinity), raw]);
    const fast = emitWeighed(body, logits, values);
    const fastParts = [fast.out, fast.total, fast.greatest];

    const exactly = (branch: GraphScope): Name[] => {
      const hiding = branch.op('Where', [isHidden, model.scalar(-Infinity), model.scalar(0)]);
      const exact = emitWeighedExact(branch, raw, hiding, values);
      // Where the fast form gave a number it stays: what one row holds changes no bit of another.
      return [exact.out, exact.total, exact.greatest].map((right, index) =>
        branch.op('Where', [isNoNumber(branch, fastParts[index]), right, fastParts[index]]),
      );
    };
    const kept = (branch: GraphScope): Name[] => fastParts.map((name) => branch.op('Identity', [name]));
    const sum = body.op('ReduceSum', [fast.out], { keepdims: 0 });
    const [mean, ...rows] = emitIf(body, isNoNumber(body, sum), 3, exactly, kept);
    return [mean, ...rows.map((name) => body.op('Squeeze', [name, model.integers([-1])]))];
  });
  return { out, weight, greatest };
}

/** NaN and infinities: those of hidden keys are among what a query that sees nothing takes the mean of. */
function isNoNumber(body: GraphScope, name: Name): Name {
  return body.op('IsNaN', [body.op('Mul', [name, body.model.scalar(0)])]);
}

/** The scans of all classes, one after another. */
function emitScans(scope: GraphScope, context: StepContext, attend: Attend): Name[] {
  const parts = context.lists.map((each) => emitScan(scope, context, each, attend));
  if (parts.length === 1) return parts[0];
  return parts[0].map((_, index) =>
    scope.op(
      'Concat',
      parts.map((names) => names[index]),
      { axis: 0 },
    ),
  );
}

function emitScan(scope: GraphScope, context: StepContext, each: ClassLists, attend: Attend): Name[] {
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
  const [out, ...rowResults] = attend(body, {
    products: portable
      ? body.op('MatMul', [q, body.op('Transpose', [k], { perm: [0, 2, 1] })])
      : body.op('FusedMatMul', [q, k], { transB: 1 }, MICROSOFT),
    values: body.op('Gather', [tables.values, keys]),
    counts: problem.duplicates === 'lucidrains' ? emitCounts(body, problem, tables, found) : undefined,
    hidden: () => emitHiddenPairs(body, context, found),
    diagonal: each.diagonal,
  });
  body.output(out, { dtype: 'f32', shape: [blocks, rows, problem.valueDim] });
  for (const name of rowResults) body.output(name, { dtype: 'f32', shape: [blocks, rows] });
  const [outs, ...others] = scope.ops('Scan', scanned, 1 + rowResults.length, {
    num_scan_inputs: scanned.length,
    body,
  });
  return [scope.reshape(outs, [-1, problem.valueDim]), ...others.map((name) => scope.reshape(name, [-1]))];
}
