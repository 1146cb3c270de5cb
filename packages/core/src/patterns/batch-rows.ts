/**
 * Tables that a pattern looks its positions up in: one row for every batch row, or one row that all of them
 * share. They come as options (plain or typed arrays) or as run-time inputs, and are pre-processed once, on
 * first use.
 */
import { AttnError } from '../errors.ts';
import type { JsonObject } from '../util/json-value.ts';
import { checkIntegers, invalidPattern } from './options.ts';
import { isList } from '../util/typed-array.ts';
import { defineBuiltIn } from './define-pattern.ts';
import type { BatchRows, Pattern, PatternData, PatternInput, PatternSizes } from './pattern.ts';

/** A table option: one list for all batch rows, or a list of lists, one per batch row. */
export type Rows = ArrayLike<number> | ArrayLike<ArrayLike<number>>;

/** A checked table. `rows` has one entry when it is shared. */
export interface RowTable {
  /** The name of the table in error messages: `segments' ids`. */
  readonly what: string;
  readonly rows: readonly (readonly number[])[];
  readonly shared: boolean;
}

/** Reads a table option. Errors: `INVALID_PATTERN` unless its rows have equal lengths and valid integers. */
export function rowTable(what: string, value: Rows, minimum: number, maximum?: number): RowTable {
  if (!isList(value) || value.length === 0) throw invalidPattern(`${what} to be a non-empty list`, value);
  const shared = !isList(value[0]);
  const lists: ArrayLike<unknown> = shared ? [value] : value;
  const rows = Array.from(lists, (list) => checkIntegers(what, list, minimum, maximum));
  const misfit = rows.find((row) => row.length !== rows[0].length);
  if (misfit !== undefined)
    throw invalidPattern(`${what} to have rows of equal length (${rows[0].length})`, misfit.length);
  return { what, rows, shared };
}

/** The table as it stands in a pattern's JSON. */
export function tableJson(table: RowTable): readonly number[] | readonly (readonly number[])[] {
  return table.shared ? table.rows[0] : table.rows;
}

/**
 * A run-time input as a table of one row per batch row. A call without batch rows or keys has an empty one.
 */
export function boundTable(
  what: string,
  input: PatternInput,
  { batch, length, data }: BatchRows,
  minimum: number,
  maximum?: number,
): RowTable {
  if (data.length !== batch * length) {
    const expected = `expected ${input} to have ${batch} × ${length} entries`;
    throw new AttnError('INVALID_SHAPE', 'core/pattern', `${expected}, got ${data.length}`);
  }
  const flat = data.length === 0 ? [] : checkIntegers(what, data, minimum, maximum);
  const rows = Array.from({ length: batch }, (_, b) => flat.slice(b * length, (b + 1) * length));
  return { what, rows, shared: false };
}

/** Throws unless the table fits the batch, and each of its rows the keys. */
export function validateTable({ what, rows, shared }: RowTable, { batch, keyLength }: PatternSizes): void {
  validateBatch(what, shared ? undefined : rows.length, batch);
  const length = rows.length === 0 ? keyLength : rows[0].length;
  if (length !== keyLength) throw invalidPattern(`${what} to have one entry per key (${keyLength})`, length);
}

/** Throws unless there are as many rows as the batch has (`undefined`: one row that all share). */
export function validateBatch(what: string, rows: number | undefined, batch: number): void {
  if (rows !== undefined && rows !== batch)
    throw invalidPattern(`${what} to have one entry per batch row (${batch})`, rows);
}

/** What a pattern derives from the rows of its table. */
export interface PerRow<T> {
  /** The derived value of batch row `b`, made on first use. */
  at(b: number): T;
  /** A name that batch rows of equal content share. */
  variant(b: number): string;
}

/** Derives a value from every row of a table once, lazily; equal rows are found with `equals`. */
export function perRow<T extends object>(
  table: RowTable,
  derive: (row: readonly number[]) => T,
  equals: (a: T, b: T) => boolean,
): PerRow<T> {
  const derived: (T | undefined)[] = [];
  const firstEqual: (number | undefined)[] = [];
  const rowOf = (b: number): number => {
    if (table.shared) return 0;
    if (b < table.rows.length) return b;
    throw invalidPattern(`a batch row that ${table.what} has (of ${table.rows.length})`, b);
  };
  const at = (b: number): T => {
    const row = rowOf(b);
    return (derived[row] ??= derive(table.rows[row]));
  };
  const variant = (b: number): string => {
    if (table.shared) return '';
    const row = rowOf(b);
    for (let r = 0; firstEqual[row] === undefined; r++) {
      if (r === row || (variant(r) === String(r) && equals(at(r), at(row)))) firstEqual[row] = r;
    }
    return String(firstEqual[row]);
  };
  return { at, variant };
}

/** What `unboundPattern` needs to know. */
interface UnboundDefinition<I extends PatternInput> {
  readonly type: string;
  readonly options?: JsonObject;
  readonly isLimit?: boolean;
  /** The run-time input with the table. */
  readonly input: I;
  /** Makes the pattern, once the table is there. */
  readonly bindData: (data: NonNullable<PatternData[I]>) => Pattern;
}

/** A pattern whose table comes at run time: it can be stored and validated; all else needs `bind` first. */
export function unboundPattern<I extends PatternInput>({
  type,
  options,
  isLimit,
  input,
  bindData,
}: UnboundDefinition<I>): Pattern {
  const missing = (): never => {
    throw new AttnError(
      'MISSING_INPUT',
      'core/pattern',
      `expected the run-time input ${input} of ${type} to be bound, got none`,
    );
  };
  const pattern = defineBuiltIn({
    type,
    options,
    isLimit,
    allows: missing,
    classify: missing,
    signature: missing,
    variant: missing,
    globals: missing,
    hints: missing,
    inputs: [input],
    bind: (data) => {
      const table = data[input];
      return table === undefined ? pattern : bindData(table);
    },
  });
  return pattern;
}
