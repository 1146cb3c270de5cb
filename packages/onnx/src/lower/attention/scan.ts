/** One bin of row blocks as a `Scan`: each step gathers the tiles of a few row blocks and attends to them. */
import { TILE, type AttentionProblem } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Name, ValueType } from '../../model/values.ts';
import { emitLogits, type BiasTables } from './logits.ts';
import { emitExact, emitFast, emitHasNaN, emitHidden, emitIf, type StepResult } from './softmax.ts';
import type { BinTables } from './tables.ts';

/** The operands that the scans of one projection share. */
export interface ScanOperands {
  /** Queries [B·H·Nq, D]. */
  readonly queries: Name;
  /** Keys of the pool [tiles, 64, D]. */
  readonly keys: Name;
  /** Values of the pool [tiles, 64, Dv]. */
  readonly values: Name;
  readonly biases: BiasTables;
}

/** A bin to scan. */
export interface ScanContext {
  readonly problem: AttentionProblem;
  /** Whether to use standard operators only. */
  readonly portable: boolean;
  readonly tables: BinTables;
  readonly operands: ScanOperands;
}

/** Adds the scan of a bin. Its results are `out` [steps, G, 64, Dv] and `lse` [steps, G, 64]. */
export function emitScan(
  scope: GraphScope,
  { problem, portable, tables, operands }: ScanContext,
): StepResult {
  const { queries, keys, values, biases } = operands;
  const { headDim, valueDim, returnLse } = problem;
  const { blocks, openTiles, maskedTiles, sharedMask, table = '' } = tables;
  const body = scope.body();
  const scanned: Name[] = [];
  const scan = (name: Name | undefined, dtype: ValueType['dtype'], width: BinTables['openTiles']): Name => {
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
    emitLogits(at, { problem, portable, q, rows, keys: tilesOf(at, keys, tiles, headDim), tiles, biases });
  /** Masks of the table as −∞ or 0, to be added to logits: [G, T, 64, 64] → [G, 64, T·64]. */
  const hiddenBy = (at: GraphScope, ids: Name): Name => {
    const hidden = emitHidden(at, at.op('Gather', [table, ids]));
    return at.reshape(at.op('Transpose', [hidden], { perm: [0, 2, 1, 3] }), [blocks, TILE, -1]);
  };

  const tiles = concat(body, [open, masked], 1);
  const stepValues = tilesOf(body, values, tiles, valueDim);
  // A mask that all row blocks share is added to all logits. Other masks are added to the logits of their
  // tiles only.
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
  const sum = (weights: Name): Name => body.op('MatMul', [weights, stepValues]);
  const { out, lse } = emitFast(body, { logits, sum, returnLse });
  // A row that sees no key is NaN in the fast form. Zeros in its place avoid the exact form.
  const fastOut =
    visible === '' || returnLse
      ? out
      : body.op('Where', [
          body.op('Unsqueeze', [visible, body.model.integers([2])]),
          out,
          body.model.scalar(0),
        ]);
  const fast = lse === undefined ? [fastOut] : [fastOut, lse];

  const corrected = (branch: GraphScope): readonly Name[] => {
    const ids =
      open === ''
        ? masks
        : concat(branch, [branch.op('Mul', [open, branch.model.scalar(0, 'i32')]), masks], 1);
    const hidden = sharedMask ?? (masked === '' ? undefined : hiddenBy(branch, ids));
    const logits = logitsOf(branch, tiles);
    const exact = emitExact(branch, { logits, hidden, values: stepValues, returnLse });
    // Numbers of the fast form stay, so that the contents of one row change no bit of another.
    return [exact.out, ...(exact.lse === undefined ? [] : [exact.lse])].map((exactPart, index) =>
      branch.op('Where', [branch.op('IsNaN', [fast[index]]), exactPart, fast[index]]),
    );
  };
  const unchanged = (branch: GraphScope): readonly Name[] =>
    fast.map((name) => branch.op('Identity', [name]));
  const results = emitIf(body, {
    condition: emitHasNaN(body, fastOut),
    outputs: fast.length,
    whenTrue: corrected,
    whenFalse: unchanged,
  });
  body.output(results[0], { dtype: 'f32', shape: [blocks, TILE, valueDim] });
  if (returnLse) body.output(results[1], { dtype: 'f32', shape: [blocks, TILE] });
  const [scannedOut, scannedLse] = scope.ops('Scan', scanned, results.length, {
    num_scan_inputs: scanned.length,
    body,
  });
  return { out: scannedOut, lse: scannedLse };
}
