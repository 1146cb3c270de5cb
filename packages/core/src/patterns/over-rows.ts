/** Formulas over rows in a fixed order: their answers come from tables of their columns. */
import { ColumnTable } from './column-table.ts';
import type { Test } from './classifier.ts';
import type { Column, TilePart } from './column.ts';
import type { PatternOverRows, PlaneRows } from './pattern.ts';
import type { Progression } from './progression.ts';
import { TILE } from '../plan/block-plan.ts';

/** The tables of one side. */
type Tables = (column: Column) => ColumnTable;

/** Tables over rows at these positions, each made when it is first read. */
function tablesOver(positions: Int32Array): Tables {
  const tables = new Map<string, ColumnTable>();
  return (column) => {
    let table = tables.get(column.name);
    if (table === undefined) {
      table = new ColumnTable(column, positions);
      tables.set(column.name, table);
    }
    return table;
  };
}

/** The rows of one side that a question is about. */
class Side implements TilePart {
  from = 0;
  to = 0;
  readonly tableOf: Tables;

  constructor(tables: Tables) {
    this.tableOf = tables;
  }

  valuesOf(column: Column): Progression {
    return this.tableOf(column).range(this.from, this.to);
  }

  shapeOf(column: Column): number {
    return this.tableOf(column).shapeOf(this.from / TILE);
  }

  firstOf(column: Column): number {
    return this.tableOf(column).values[this.from];
  }

  move(from: number, to: number): this {
    this.from = from;
    this.to = to;
    return this;
  }
}

/** A formula over rows in their order. `allows` decides by positions, where columns are not enough. */
export function formulaOverRows(
  test: Test,
  allows: (q: number, k: number) => boolean,
  rows: PlaneRows,
): PatternOverRows {
  const queryTables = tablesOver(rows.queries);
  const keyTables = rows.queries === rows.keys ? queryTables : tablesOver(rows.keys);
  const [queries, keys] = [new Side(queryTables), new Side(keyTables)];
  let cells: PatternOverRows['allows'] | undefined;
  return {
    classify: (q0, q1, k0, k1) => test.classify(queries.move(q0, q1), keys.move(k0, k1)),
    allows(q, k) {
      cells ??=
        test.cells?.(
          (column) => queryTables(column).values,
          (column) => keyTables(column).values,
        ) ?? ((row, column) => allows(rows.queries[row], rows.keys[column]));
      return cells(q, k);
    },
    signature(q0, q1, k0, k1) {
      const signature = test.signature(queries.move(q0, q1), keys.move(k0, k1));
      return signature === undefined ? undefined : `${q1 - q0}×${k1 - k0}:${signature}`;
    },
  };
}
