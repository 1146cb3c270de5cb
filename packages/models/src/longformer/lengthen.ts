/** What makes a short model long: tables of positions that repeat, and windows. Beltagy et al. 2020, §5. */
import { AttnError, type Tensor } from '@attn/core';
import { allocate, show } from '@attn/core/backend';
import type { TensorChange } from '../checkpoint/remade.ts';
import type { IntegerList } from '../inputs/entries.ts';
import { readIntegerList, toInteger } from '../inputs/integers.ts';

/** The windows of the layers, from one for all or one for each. Errors: `INVALID_ARGUMENT`. */
export function windowsOf(where: string, window: number | IntegerList, layers: number): readonly number[] {
  const single = toInteger(window);
  const isList = typeof window === 'object' && window !== null;
  const windows =
    single !== undefined
      ? new Array<number>(layers).fill(single)
      : isList
        ? readIntegerList({ where, name: 'window' }, window)
        : [];
  const fits = windows.length === layers && windows.every((width) => width >= 2 && width % 2 === 0);
  if (fits) return windows;
  const expected = `an even number ≥ 2, or ${layers} of them, one a layer`;
  throw new AttnError('INVALID_ARGUMENT', where, `window must be ${expected}, got ${show(window)}`);
}

/** The rows of a long table of positions. */
export interface LongRows {
  /** Rows in all. */
  readonly rows: number;
  /** The row of the first token; those before it are reserved. */
  readonly first: number;
  /** How many rows of the short table are reserved. */
  readonly reserved: number;
}

/**
 * The change from a short table of positions to a long one. Rows from `first` on repeat the text rows of the
 * short table; earlier rows are copied, or are the first text row where the short table has no reserved rows.
 */
export function repeatedPositions(where: string, { rows, first, reserved }: LongRows): TensorChange {
  const tensor = ({ shape: [count, width], dtype, data }: Tensor): Tensor => {
    const invalid = (message: string): AttnError => new AttnError('INVALID_ARGUMENT', where, message);
    const step = count - reserved;
    if (step < 1) throw invalid(`a table of positions must have more than ${reserved} rows, got ${count}`);
    if (dtype !== 'f32' && dtype !== 'f16') throw invalid(`positions must be f32 or f16, got ${dtype}`);
    const long = allocate(dtype, rows * width);
    for (let row = 0; row < rows; row++) {
      const from = row < first ? Math.min(row, reserved) : reserved + ((row - first) % step);
      long.set(data.subarray(from * width, (from + 1) * width), row * width);
    }
    return { dtype, shape: [rows, width], data: long };
  };
  return {
    tensor,
    spec(spec) {
      const [short, width] = spec.shape;
      return { ...spec, shape: [rows, width], byteLength: (spec.byteLength / Math.max(short, 1)) * rows };
    },
  };
}
