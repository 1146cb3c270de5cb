/** What the demo runs over the book: Longformer's pattern unless another one, or a system, was asked for. */
import { globalTokens, or, patternFromJson, slidingWindow, type Pattern } from '@attn/core';
import { badArgument, text, type Options } from '../args.ts';
import { isSystem, readCallKind } from '../calls/index.ts';
import type { CallKind } from '../calls/call.ts';
import { patternCall } from '../calls/pattern.ts';
import type { Book } from './book.ts';

/** Longformer's window: so many bytes to each side. */
const WINDOW = 256;

/** What runs. */
export interface Subject {
  readonly name: string;
  /** For the table's heading. */
  readonly describes: string;
  /** Positions of global tokens among the first n bytes. */
  globals(n: number): readonly number[];
  call(n: number): CallKind;
  /** What there is to draw; systems have no picture. */
  pattern(n: number): Pattern | undefined;
}

/** The subject that the command line asks for. Errors: those of `readCallKind`. */
export async function readSubject(options: Options, book: Book): Promise<Subject> {
  if (text(options, 'pattern') === undefined) return longformer(book);
  const { kind, json } = await readCallKind(options);
  const given = isSystem(json) ? undefined : patternFromJson(json);
  if (given !== undefined && given.inputs.length > 0) {
    throw badArgument(`--pattern: the demo has no ${given.inputs.join(', ')}`);
  }
  return {
    name: given === undefined ? kind.name : `${given.type} attention`,
    describes: JSON.stringify(json),
    globals: () => [],
    call: () => kind,
    pattern: () => given,
  };
}

/** A window around every byte, and the start of each chapter heading seen by and seeing all. */
function longformer(book: Book): Subject {
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
