/**
 * Tables that an earlier run wrote with `--json`, so that their pictures can be drawn again without
 * measuring.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Table } from './suite.ts';

/** The tables of a file, or of all `.json` files of a folder. */
export function storedTables(path: string): Table[] {
  if (!statSync(path).isDirectory()) return tablesOf(path);
  const files = readdirSync(path).filter((name) => name.endsWith('.json'));
  return files.toSorted().flatMap((name) => tablesOf(join(path, name)));
}

function tablesOf(file: string): Table[] {
  const { tables }: { readonly tables?: readonly Table[] } = JSON.parse(readFileSync(file, 'utf8'));
  if (!Array.isArray(tables)) throw new TypeError(`--from: expected ${file} to be written by --json`);
  return [...tables];
}
