/** The interface of commands. Each command has a file; `cli.ts` only lists them. */
import type { Options } from './args.ts';
import type { ProgressLine } from './terminal/progress.ts';

/** One command of `attn`. */
export interface Command {
  readonly name: string;
  /** The name of a word that follows the command, and is then among its options: `task`. */
  readonly argument?: string;
  readonly summary: string;
  /** Flags and descriptions: `['--input <file>', 'what it is']`. Every command also has `--json`. */
  readonly options: readonly (readonly [flags: string, description: string])[];
  /** Complete command lines, without the leading `attn`. */
  readonly examples: readonly string[];
  run(options: Options, context: Context): Promise<void>;
}

/** Everything that a command may use beside its options. */
export interface Context {
  /** True when the result is printed as one JSON object. */
  readonly json: boolean;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Shows the progress of long work on stderr. */
  readonly progress: ProgressLine;
  /** Writes a sentence to stderr, with `--json` too. */
  warn(sentence: string): void;
  /** Writes text for people to stdout, or nothing with `--json`. */
  print(text: string): void;
  /** Writes results as they come to stdout, with `--json` too, at the pace of its reader. */
  write(text: string): Promise<void>;
  /** Writes the result as JSON to stdout, or nothing without `--json`. */
  printJson(value: unknown): void;
}
