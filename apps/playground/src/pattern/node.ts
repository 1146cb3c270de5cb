/**
 * A pattern as a person edits it: a tree of kinds, whose options are texts as they were typed. It is what the
 * address of the page holds. `to-json.ts` turns it into the JSON that `@attn/core` reads.
 */

/** A pattern, or a combination of patterns. */
export interface PatternNode {
  /** A key of `KINDS`. */
  readonly type: string;
  /** The options by their names, as they were typed; a check box is `yes` or empty. */
  readonly values: Readonly<Record<string, string>>;
  /** The parts of a combination; empty for others. */
  readonly parts: readonly PatternNode[];
}

/** A node in JSON, short enough for an address: type, options, parts. */
type Packed = readonly [type: string, values?: Readonly<Record<string, string>>, parts?: readonly Packed[]];

/** Makes a short JSON of a node. */
export function packNode({ type, values, parts }: PatternNode): Packed {
  if (parts.length > 0) return [type, values, parts.map(packNode)];
  return Object.keys(values).length > 0 ? [type, values] : [type];
}

/** The deepest tree that an address may hold. */
const DEEPEST = 16;

/** Reads what `packNode` wrote; undefined for anything else. `types` are the kinds that exist. */
export function unpackNode(value: unknown, types: ReadonlySet<string>, depth = 0): PatternNode | undefined {
  if (!Array.isArray(value) || depth > DEEPEST) return undefined;
  const [type, values = {}, parts = []] = value as readonly unknown[];
  if (typeof type !== 'string' || !types.has(type) || !isTexts(values) || !Array.isArray(parts))
    return undefined;
  const children = parts.map((part) => unpackNode(part, types, depth + 1));
  if (!children.every((child) => child !== undefined)) return undefined;
  return { type, values, parts: children };
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}

/** The node with another part at this place. */
export function replacePart(node: PatternNode, index: number, part: PatternNode): PatternNode {
  return { ...node, parts: node.parts.with(index, part) };
}

/** The node without the part at this place. */
export function removePart(node: PatternNode, index: number): PatternNode {
  return { ...node, parts: node.parts.toSpliced(index, 1) };
}
