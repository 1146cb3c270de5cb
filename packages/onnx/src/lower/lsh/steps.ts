/**
 * One bin of query blocks as a `Scan`: each step gathers the queries, keys and values of a few blocks and
 * attends, in one of two forms. Keys are unit vectors, so the length of a query bounds its logits. The
 * bounded form needs short queries: it subtracts no maximum before the exponentials, and the rounds simply
 * add up. The general form is right for any numbers.
 */
import { MICROSOFT } from '../../model/domains.ts';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name } from '../../model/values.ts';
import { emitExactPartial, emitFastPartial, emitIf } from '../attention/softmax.ts';
import type { BinLists } from './lists.ts';
import type { StepBlocks, StepContext } from './step-context.ts';
import { emitCounts, emitHiddenPairs } from './visibility.ts';

/** Results of all places in the bounded form. */
export interface PlaceSums {
  /** [places, Dv]: the sum of the weighted values that a query sees. */
  readonly out: Name;
  /** [places]: the sum of the weights. */
  readonly weight: Name;
}

/** Results of all places in the general form. */
export interface PlaceMeans {
  /** [places, Dv]: the weighted mean of the values that a query sees. */
  readonly out: Name;
  /** [places]: the sum of the weights relative to the greatest; 0 where a query sees no key. */
  readonly weight: Name;
  /** [places]: the greatest logit. */
  readonly greatest: Name;
}

/** The gathered operands of a step, which either form weighs in its own way. */
interface StepOperands {
  /** [G, rows, K · chunkLength]: scale · q kᵀ. */
  readonly products: Name;
  /** [G, K · chunkLength, Dv]. */
  readonly values: Name;
  /** [G, rows, K · chunkLength]: how often each pair meets. Undefined where pairs count each time. */
  readonly counts: Name | undefined;
  /** Adds [G, rows, K · chunkLength] bool: whether a pair is hidden. */
  readonly hidden: () => Name;
  /** [rows, K · chunkLength]: 0 for hidden pairs, else 1. Undefined where that is not constant. */
  readonly diagonal: Name | undefined;
}

/** Adds the nodes with which a step attends. Returns out [G, rows, Dv], then results [G, rows]. */
type Attend = (body: GraphScope, step: StepOperands) => readonly Name[];

/**
 * Adds the scans of a group in the bounded form: sums of values weighted by exp(logit), and of the weights.
 */
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

/**
 * Adds the scans of a group in the general form: the softmax of each step, and what merging the rounds needs.
 */
export function emitGeneralScans(scope: GraphScope, context: StepContext): PlaceMeans {
  const { model } = scope;
  const [out, weight, greatest] = emitScans(scope, context, (body, { products, values, counts, hidden }) => {
    const raw = counts === undefined ? products : body.op('Sub', [products, body.op('Log', [counts])]);
    const isHidden = hidden();
    const logits = body.op('Where', [isHidden, model.scalar(-Infinity), raw]);
    const fast = emitFastPartial(body, { logits, values });
    const fastParts = [fast.out, fast.total, fast.greatest];

    const corrected = (branch: GraphScope): Name[] => {
      const hidden = branch.op('Where', [isHidden, model.scalar(-Infinity), model.scalar(0)]);
      const exact = emitExactPartial(branch, { logits: raw, hidden, values });
      // Numbers of the fast form stay, so that the contents of one row change no bit of another.
      return [exact.out, exact.total, exact.greatest].map((exactPart, index) =>
        branch.op('Where', [emitIsNonFinite(branch, fastParts[index]), exactPart, fastParts[index]]),
      );
    };
    const unchanged = (branch: GraphScope): Name[] => fastParts.map((name) => branch.op('Identity', [name]));
    const sum = body.op('ReduceSum', [fast.out], { keepdims: 0 });
    const [mean, ...rows] = emitIf(body, {
      condition: emitIsNonFinite(body, sum),
      outputs: 3,
      whenTrue: corrected,
      whenFalse: unchanged,
    });
    return [mean, ...rows.map((name) => body.op('Squeeze', [name, model.integers([-1])]))];
  });
  return { out, weight, greatest };
}

/**
 * Adds a test for NaN and infinities. Infinities count, because the fast form of a query that sees no key is
 * the mean of hidden values.
 */
function emitIsNonFinite(body: GraphScope, name: Name): Name {
  return body.op('IsNaN', [body.op('Mul', [name, body.model.scalar(0)])]);
}

/** Adds the scans of all bins, and concatenates their results. */
function emitScans(scope: GraphScope, context: StepContext, attend: Attend): Name[] {
  const parts = context.lists.map((lists) => emitScan(scope, context, lists, attend));
  if (parts.length === 1) return parts[0];
  return parts[0].map((_, index) =>
    scope.op(
      'Concat',
      parts.map((names) => names[index]),
      { axis: 0 },
    ),
  );
}

function emitScan(scope: GraphScope, context: StepContext, lists: BinLists, attend: Attend): Name[] {
  const { problem, plan, tables, portable } = context;
  const { reach, rows, chunkLength } = plan;
  const { blocks } = lists;
  const body = scope.body();
  const scanned: Name[] = [];
  const scan = (name: Name | undefined, width: number): Name => {
    if (name === undefined) return '';
    scanned.push(name);
    return body.input('step', { dtype: 'i32', shape: [blocks, width] });
  };
  const starts = scan(lists.starts, 1);
  const near = scan(lists.near, reach);
  const rounds = scan(lists.rounds, 1);
  const places = body.op('Add', [starts, lists.within]);
  const queries = body.op('Gather', [body.reshape(tables.tokens, [-1]), places]);
  const keys = body.reshape(body.op('Gather', [tables.tokens, near]), [blocks, reach * chunkLength]);
  const step: StepBlocks = { places, queries, near, keys, rounds };

  const q = body.op('Gather', [tables.queries, queries]);
  const k = body.op('Gather', [tables.keys, keys]);
  const [out, ...rowResults] = attend(body, {
    products: portable
      ? body.op('MatMul', [q, body.op('Transpose', [k], { perm: [0, 2, 1] })])
      : body.op('FusedMatMul', [q, k], { transB: 1 }, MICROSOFT),
    values: body.op('Gather', [tables.values, keys]),
    counts: problem.duplicates === 'lucidrains' ? emitCounts(body, problem, tables, step) : undefined,
    hidden: () => emitHiddenPairs(body, context, step),
    diagonal: lists.diagonal,
  });
  body.output(out, { dtype: 'f32', shape: [blocks, rows, problem.valueDim] });
  for (const name of rowResults) body.output(name, { dtype: 'f32', shape: [blocks, rows] });
  const [outs, ...others] = scope.ops('Scan', scanned, 1 + rowResults.length, {
    num_scan_inputs: scanned.length,
    body,
  });
  return [scope.reshape(outs, [-1, problem.valueDim]), ...others.map((name) => scope.reshape(name, [-1]))];
}
