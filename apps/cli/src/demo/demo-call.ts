/**
 * The attention that the demo runs over the book: Longformer's
 * pattern, or the pattern or system of `--pattern`.
 */
import { globalTokens, or, patternFromJson, slidingWindow, type Pattern } from '@attn/core';
import { badArgument, text, type Options } from '../args.ts';
import { isSystem, readSystemOption } from '../calls/index.ts';
import type { SystemOption } from '../calls/call.ts';
import { patternCall } from '../calls/pattern.ts';
import type { Book } from './book.ts';

/** Bytes to each side of Longformer's window. */
const WINDOW = 256;

/** The attention that the demo runs. */
export interface DemoCall {
  readonly name: string;
  /** A description, for the heading of the table. */
  readonly describes: string;
  /** Positions of global tokens among the first n bytes. */
  globals(n: number): readonly number[];
  call(n: number): SystemOption;
  /** The pattern to draw; undefined for systems, which have no picture. */
  pattern(n: number): Pattern | undefined;
}

/** Reads the call from the command line. Errors: those of `readSystemOption`. */
export async function readDemoCall(options: Options, book: Book): Promise<DemoCall> {
  if (text(options, 'pattern') === undefined) return longformer(book);
  const { kind, json } = await readSystemOption(options);
  const pattern = isSystem(json) ? undefined : patternFromJson(json);
  if (pattern !== undefined && pattern.inputs.length > 0) {
    throw badArgument(`--pattern: the demo has no ${pattern.inputs.join(', ')}`);
  }
  return {
    name: pattern === undefined ? kind.name : `${pattern.type} attention`,
    describes: JSON.stringify(json),
    globals: () => [],
    call: () => kind,
    pattern: () => pattern,
  };
}

/** A window around every byte, and global tokens at the start of each chapter heading. */
function longformer(book: Book): DemoCall {
  const headings = (n: number): number[] => book.headings.filter((position) => position < n);
  const pattern = (n: number): Pattern =>
    or(slidingWindow({ before: WINDOW, after: WINDOW }), globalTokens(headings(n)));
  return {
    name: 'Longformer attention',
    describes: `${WINDOW} bytes to each side, chapter headings see and are seen by all`,
    globals: headings,
    call: (n) => patternCall(pattern(n).toJSON()),
    pattern,
  };
}
