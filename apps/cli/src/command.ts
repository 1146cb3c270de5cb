/** What a command is, so that each stands in one file and `cli.ts` only lists them. */
import type { Options } from './args.ts';
import type { ProgressLine } from './terminal/progress.ts';

/** A stream that a command writes to, such as `process.stdout`. */
export type OutputStream = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** Where a command line writes; `process` has both. */
export interface Streams {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
}

/** One command of `attn`. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** `['--input <file>', 'what it is']`; `--json` is every command's. */
  readonly options: readonly (readonly [flags: string, description: string])[];
  /** Command lines that work as they stand, without the leading `attn`. */
  readonly examples: readonly string[];
  run(options: Options, context: Context): Promise<void>;
}

/** What a command may use beside its options. */
export interface Context {
  /** The result goes out as one JSON object. */
  readonly json: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** How far long work is, on stderr. */
  readonly progress: ProgressLine;
  /** Writes a sentence to stderr, with `--json` too. */
  warn(sentence: string): void;
  /** Writes text for people to stdout, or nothing with `--json`. */
  print(text: string): void;
  /** Writes the result as JSON to stdout, or nothing without `--json`. */
  printJson(value: unknown): void;
}
