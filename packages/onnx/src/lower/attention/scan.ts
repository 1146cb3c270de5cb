/** One bin of row blocks as a `Scan`: each step gathers the tiles of a few row blocks and attends to them. */
import { TILE, type AttentionProblem } from '@attn/core/backend';
import type { GraphScope } from '../../model/onnx-model-builder.ts';
import type { Dim, Name, ValueType } from '../../model/values.ts';
import { emitLogits, type BiasTables, type WholeOperands } from './logits.ts';
import type { OffsetBias } from './offset-bias.ts';
import { emitExact, emitHidden, type StepResult } from './softmax.ts';
import { emitCorrected, emitUnshifted } from './unshifted.ts';
import type { BinTables } from './tables.ts';
import { emitWholeBiases, LEAST_SHARE } from './whole-biases.ts';

/** The operands that the scans of one projection share. */
export interface ScanOperands {
  /** Queries [B·H·Nq, D]. */
  readonly queries: Name;
  /** Keys of the pool [tiles, 64, D]. */
  readonly keys: Name;
  /** Values of the pool [tiles, 64, Dv]. */
  readonly values: Name;
  /** Undefined without any. */
  readonly biases: BiasTables | undefined;
  /**
   * 1 for keys of the pool that may be seen, else 0, [tiles, 64, 1]; undefined where masks say it all. Values
   * of keys that nobody sees are 0.
   */
  readonly visibleKeys: Name | undefined;
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
  const { queries, keys, values, biases, visibleKeys } = operands;
  const { headDim, valueDim, returnLse } = problem;
  const { blocks, openTiles, maskedTiles, sharedMask, table = '' } = tables;
  const body = scope.body();
  const scanned: Name[] = [];
  const scan = (name: Name | undefined, dtype: ValueType['dtype'], ...shape: readonly Dim[]): Name => {
    if (name === undefined) return '';
    scanned.push(name);
    return body.input('step', { dtype, shape });
  };
  const rows = scan(tables.rows, 'i32', blocks, TILE);
  const open = scan(tables.open, 'i32', blocks, openTiles);
  const masked = scan(tables.masked, 'i32', blocks, maskedTiles);
  const masks = scan(tables.masks, 'i32', blocks, maskedTiles);
  const visible = scan(tables.visible, 'bool', blocks, TILE);
  const whole = biases && emitWholeBiases(scope, biases, tables);
  const sharesPairs = biases !== undefined && blocks > 1 && tables.sharesPairs();
  const numbers = scan(whole?.numbers, 'i32', whole?.numbersOfStep ?? 1);

  const concat = (at: GraphScope, parts: readonly Name[], axis: number): Name => {
    const present = parts.filter((part) => part !== '');
    return present.length === 1 ? present[0] : at.op('Concat', present, { axis });
  };
  const tilesOf = (at: GraphScope, pool: Name, tiles: Name, dim: number): Name =>
    at.reshape(at.op('Gather', [pool, tiles]), [blocks, -1, dim]);
  const q = body.op('Gather', [queries, rows]);
  const logitsOf = (at: GraphScope, tiles: Name, wholeBiases?: WholeOperands): Name => {
    const first = (name: Name): Name =>
      sharesPairs ? at.op('Gather', [name, at.model.integers([0])], { axis: 0 }) : name;
    return emitLogits(at, {
      problem,
      portable,
      q,
      rows,
      keys: tilesOf(at, keys, tiles, headDim),
      tiles,
      pairs: { rows: first(rows), tiles: first(tiles) },
      biases,
      whole: wholeBiases,
    });
  };
  /** Masks of the table, to be multiplied with weights: [G, T, 64, 64] → [G, 64, T·64]. */
  const maskBy = (at: GraphScope, ids: Name): Name => {
    const masks = at.cast(at.op('Gather', [table, ids]), 'f32');
    return at.reshape(at.op('Transpose', [masks], { perm: [0, 2, 1, 3] }), [blocks, TILE, -1]);
  };
  /** Which keys of tiles [G, T] anybody sees: [G, 1, T·64]. */
  const maskOfKeys = (at: GraphScope, pool: Name, tiles: Name): Name =>
    at.reshape(at.op('Gather', [pool, tiles]), [blocks, 1, -1]);
  const times = (at: GraphScope, weights: Name, mask: Name): Name => at.op('Mul', [weights, mask]);
  const ofStep = (table: Name): Name => body.op('Gather', [table, numbers]);
  const wholeBiases = whole && {
    factored: whole.factored,
    read: (table: OffsetBias) => ofStep(whole.tableOf(table)),
  };
  const weightsOf = (tiles: Name): Name => body.op('Exp', [logitsOf(body, tiles, wholeBiases)]);

  const tiles = concat(body, [open, masked], 1);
  const stepValues = tilesOf(body, values, tiles, valueDim);
  /** Weights of tiles, times their masks. */
  const maskedWeightsOf = (tiles: Name): Name => times(body, weightsOf(tiles), maskBy(body, masks));
  // A mask that all row blocks share applies to all weights. Other masks apply to those of their tiles only.
  const emitWeights = (): { readonly weights: Name; readonly least?: Name } => {
    if (whole?.factors !== undefined) {
      const before = weightsOf(tiles);
      const total = body.op('ReduceSum', [before, body.model.integers([-1])], { keepdims: 1 });
      const least = body.op('Mul', [total, body.model.scalar(LEAST_SHARE)]);
      return { weights: times(body, before, ofStep(whole.factors)), least };
    }
    if (sharedMask !== undefined) return { weights: times(body, weightsOf(tiles), sharedMask) };
    const parts = [open === '' ? '' : weightsOf(open), masked === '' ? '' : maskedWeightsOf(masked)];
    return { weights: concat(body, parts, -1) };
  };
  const fast = emitUnshifted(body, {
    ...emitWeights(),
    values: stepValues,
    visible: visible === '' ? undefined : visible,
    visibleKeys: visibleKeys && tilesOf(body, visibleKeys, tiles, 1),
    flushes: biases?.flushes === true && whole?.areFactored !== true,
  });

  const exact = (branch: GraphScope): StepResult => {
    const ids =
      open === ''
        ? masks
        : concat(branch, [branch.op('Mul', [open, branch.model.scalar(0, 'i32')]), masks], 1);
    const byMask = sharedMask ?? (masked === '' ? undefined : maskBy(branch, ids));
    const byKey = visibleKeys && maskOfKeys(branch, visibleKeys, tiles);
    const mask = byMask && byKey ? times(branch, byMask, byKey) : (byMask ?? byKey);
    return emitExact(branch, {
      logits: logitsOf(branch, tiles),
      hidden: mask && emitHidden(branch, mask),
      values: stepValues,
      returnLse,
    });
  };
  const { out, lse } = emitCorrected(body, fast, { rows: [blocks, TILE], returnLse, exact });
  body.output(out, { dtype: 'f32', shape: [blocks, TILE, valueDim] });
  if (lse !== undefined) body.output(lse, { dtype: 'f32', shape: [blocks, TILE] });
  const [scannedOut, scannedLse] = scope.ops('Scan', scanned, lse === undefined ? 1 : 2, {
    num_scan_inputs: scanned.length,
    body,
  });
  return { out: scannedOut, lse: scannedLse };
}
