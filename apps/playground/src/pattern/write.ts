/** Writes an edited pattern as JSON, as TypeScript and as a command of the shell. */
import { FieldError, Values, type PatternJson } from './kind.ts';
import { kindOf } from './kinds.ts';
import type { PatternNode } from './node.ts';

/** The JSON of a node for n tokens. Errors: `FieldError`. */
export function patternJson(node: PatternNode, n: number): PatternJson {
  const kind = kindOf(node.type);
  checkParts(node);
  return kind.json(
    new Values(kind.fields, node.values, n),
    node.parts.map((part) => patternJson(part, n)),
  );
}

/** The names that the TypeScript of a node imports. */
function importsOf(node: PatternNode): readonly string[] {
  return [node.type, ...node.parts.flatMap(importsOf)];
}

/** The expression of a node for n tokens. Errors: `FieldError`. */
function expressionOf(node: PatternNode, n: number): string {
  const kind = kindOf(node.type);
  checkParts(node);
  const values = new Values(kind.fields, node.values, n);
  const parts = node.parts.map((part) => expressionOf(part, n));
  if (kind.code !== undefined) return kind.code(values, parts);
  const { type, ...options } = kind.json(values, []);
  return Object.keys(options).length === 0 ? `${String(type)}()` : `${String(type)}(${literal(options)})`;
}

/** A value as TypeScript writes it, on one line. */
function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([name, entry]) => `${name}: ${literal(entry)}`);
  return `{ ${entries.join(', ')} }`;
}

/** A module that computes attention with the pattern. Errors: `FieldError`. */
export function typescript(node: PatternNode, n: number): string {
  const names = [...new Set(importsOf(node))].toSorted();
  return [
    `import { ${names.join(', ')} } from '@attn/core';`,
    '',
    `const pattern = ${expressionOf(node, n)};`,
    '',
  ].join('\n');
}

/** JSON that is longer than this does not go on a command line. */
const LONGEST_ARGUMENT = 4000;

/** The command that plans the pattern. Errors: `FieldError`. */
export function command(
  node: PatternNode,
  { n, heads }: { readonly n: number; readonly heads: number },
): string {
  const json = JSON.stringify(patternJson(node, n));
  const sizes = `--n ${n}${heads === 1 ? '' : ` --heads ${heads}`}`;
  const pattern = json.length > LONGEST_ARGUMENT ? 'pattern.json' : `'${json}'`;
  return `attn plan ${sizes} --pattern ${pattern}`;
}

function checkParts({ type, parts }: PatternNode): void {
  const { parts: range = { least: 0, most: 0 }, title } = kindOf(type);
  if (parts.length < range.least)
    throw new FieldError('parts', `${title}: expected at least ${range.least} part, got ${parts.length}`);
}
