/** One class of row blocks as a `Scan`: each step gathers the tiles of a few row blocks and attends to them. */
import { TILE, type AttentionProblem } from '@attn/core/backend';
import type { GraphScope, Name, ValueType } from '../../model/model-builder.ts';
import { emitLogits, type BiasTables } from './logits.ts';
import { emitExact, emitFast, emitHasNaN, emitHidden, emitIf, type StepResult } from './softmax.ts';
import type { ClassTables } from './tables.ts';

/** What the steps of a class read. */
export interface ScanOperands {
  /** [B·H·Nq, D]. */
  readonly queries: Name;
  /** [tiles, 64, D] and [tiles, 64, Dv] of the pool. */
  readonly keys: Name;
  readonly values: Name;
  readonly biases: BiasTables;
}

/** A class's results, [steps, G, 64, Dv] and [steps, G, 64]. */
export function emitScan(
  scope: GraphScope,
  problem: AttentionProblem,
  portable: boolean,
  tables: ClassTables,
  { queries, keys, values, biases }: ScanOperands,
): StepResult {
  const { headDim, valueDim, returnLse } = problem;
  const { blocks, openTiles, maskedTiles, sharedMask, table = '' } = tables;
  const body = scope.body();
  const scanned: Name[] = [];
  const scan = (name: Name | undefined, dtype: ValueType['dtype'], width: ClassTables['openTiles']): Name => {
    if (name === undefined) return '';
    scanned.push(name);
    return body.input('step', { dtype, shape: [blocks, width] });
  };
  const rows = scan(tables.rows, 'i32', TILE);
  const open = scan(tables.open, 'i32', openTiles);
  const masked = scan(tables.masked, 'i32', maskedTiles);
  const masks = scan(tables.masks, 'i32', maskedTiles);
  const visible = scan(tables.visible, 'bool', TILE);

  const concat = (at: GraphScope, parts: readonly Name[], axis: number): Name => {
    const present = parts.filter((part) => part !== '');
    return present.length === 1 ? present[0] : at.op('Concat', present, { axis });
  };
  const tilesOf = (at: GraphScope, pool: Name, tiles: Name, dim: number): Name =>
    at.reshape(at.op('Gather', [pool, tiles]), [blocks, -1, dim]);
  const q = body.op('Gather', [queries, rows]);
  const logitsOf = (at: GraphScope, tiles: Name): Name =>
    emitLogits(at, problem, portable, { q, rows }, tilesOf(at, keys, tiles, headDim), tiles, biases);
  /** Masks of the table as what is added to logits: [G, T, 64, 64] → [G, 64, T·64]. */
  const hiddenBy = (at: GraphScope, ids: Name): Name => {
    const hidden = emitHidden(at, at.op('Gather', [table, ids]));
    return at.reshape(at.op('Transpose', [hidden], { perm: [0, 2, 1, 3] }), [blocks, TILE, -1]);
  };

  const tiles = concat(body, [open, masked], 1);
  const stepValues = tilesOf(body, values, tiles, valueDim);
  // A mask that all share is added to all logits; others only to those of the tiles that have one.
  const logits =
    sharedMask !== undefined
      ? body.op('Add', [logitsOf(body, tiles), sharedMask])
      : concat(
          body,
          [
            open === '' ? '' : logitsOf(body, open),
            masked === '' ? '' : body.op('Add', [logitsOf(body, masked), hiddenBy(body, masks)]),
          ],
          -1,
        );
  const { out, lse } = emitFast(body, logits, stepValues, returnLse);
  const shown =
    visible === '' || returnLse
      ? out
      : body.op('Where', [
          body.op('Unsqueeze', [visible, body.model.integers([2])]),
          out,
          body.model.scalar(0),
        ]);
  const fast = lse === undefined ? [shown] : [shown, lse];

  const exactly = (branch: GraphScope): readonly Name[] => {
    const ids =
      open === ''
        ? masks
        : concat(branch, [branch.op('Mul', [open, branch.model.scalar(0, 'i32')]), masks], 1);
    const hidden = sharedMask ?? (masked === '' ? undefined : hiddenBy(branch, ids));
    const exact = emitExact(branch, logitsOf(branch, tiles), hidden, stepValues, returnLse);
    // Where the fast form gave a number it stays: what one row holds changes no bit of another.
    return [exact.out, ...(exact.lse === undefined ? [] : [exact.lse])].map((right, index) =>
      branch.op('Where', [branch.op('IsNaN', [fast[index]]), right, fast[index]]),
    );
  };
  const kept = (branch: GraphScope): readonly Name[] => fast.map((name) => branch.op('Identity', [name]));
  const results = emitIf(body, emitHasNaN(body, shown), fast.length, exactly, kept);
  body.output(results[0], { dtype: 'f32', shape: [blocks, TILE, valueDim] });
  if (returnLse) body.output(results[1], { dtype: 'f32', shape: [blocks, TILE] });
  const [scannedOut, scannedLse] = scope.ops('Scan', scanned, results.length, {
    num_scan_inputs: scanned.length,
    body,
  });
  return { out: scannedOut, lse: scannedLse };
}
