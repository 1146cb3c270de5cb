/** Files, folders and lines as documents. */
import { createReadStream } from 'node:fs';
import { opendir, readFile, stat } from 'node:fs/promises';
import { basename, relative, resolve, sep } from 'node:path';
import type { Readable } from 'node:stream';
import { addAbortSignal } from 'node:stream';
import { AttnError, type JsonObject } from '@attn/core';
import {
  aFunction,
  aSignal,
  aString,
  checkArgument,
  checkOptions,
  listOf,
  oneOf,
  show,
  textLines,
  throwIfAborted,
  type OptionKinds,
  type TextLine,
} from '@attn/core/backend';
import picomatch from 'picomatch';
import type { CorpusDocument } from '../document.ts';
import { FORMATS, formatOf, type DocumentFormat } from './formats.ts';

/** Options of `readFiles`. */
export interface ReadFilesOptions {
  /** Only files of folders that fit one of these globs, relative to the folder; then of any extension. */
  readonly glob?: readonly string[];
  /** No files and folders that fit one of these globs. Beside them, hidden ones and `node_modules`. */
  readonly ignore?: readonly string[];
  /** What files are written in. Default: what their extensions say, else text. */
  readonly format?: DocumentFormat | 'jsonl';
  readonly signal?: AbortSignal;
  /** Called with files that are left out: binary ones, those that cannot be read. Default: `console.warn`. */
  readonly onWarning?: (message: string) => void;
}

const WHERE = 'corpus/readFiles';

const KINDS: OptionKinds<ReadFilesOptions> = {
  glob: listOf(aString, 'a list of globs'),
  ignore: listOf(aString, 'a list of globs'),
  format: oneOf(...FORMATS, 'jsonl'),
  signal: aSignal,
  onWarning: aFunction,
};

/** Folders that nobody means. */
const NEVER = ['node_modules', 'CVS'];

/** The name of standard input, and of the document that comes from it. */
const STDIN = '-';

interface Reading extends ReadFilesOptions {
  onWarning(message: string): void;
}

/** The name under which a path stands in a corpus, as document and as root: absolute, with slashes. */
export function corpusPath(path: string): string {
  checkArgument('corpus/corpusPath', 'path', path, aString);
  return path === STDIN ? STDIN : resolve(path).split(sep).join('/');
}

/**
 * Reads files, folders with all that is in them, and standard input (`-`), as documents for `index`. Their
 * paths are absolute, and their roots are the paths as given, by `corpusPath`. Each line of a JSONL file is a
 * document `{ id?, text, … }`, whose other fields are its metadata.
 *
 * Errors: `FILE_NOT_FOUND`, `INVALID_ARGUMENT`, `MALFORMED_FILE` (a line that is none), `ABORTED`.
 *
 * @example
 * await corpus.index(readFiles(['./notes'], { ignore: ['drafts/**'] }), { roots: [corpusPath('./notes')] });
 */
export async function* readFiles(
  paths: readonly string[],
  options: ReadFilesOptions = {},
): AsyncGenerator<CorpusDocument, void, undefined> {
  checkArgument(WHERE, 'paths', paths, listOf(aString, 'a list of paths'));
  const { onWarning = (message: string) => console.warn(message), ...checked } = checkOptions(
    WHERE,
    options,
    KINDS,
  );
  const reading = { ...checked, onWarning };
  for (const path of paths) {
    const root = corpusPath(path);
    if (path === STDIN) yield* readStdin(reading);
    else if ((await statsOf(path)).isDirectory()) yield* readFolder(resolve(path), root, reading);
    else yield* readFileAt(resolve(path), root, reading);
  }
}

/** Refuses paths that are not there, before anything else is done. Errors: `FILE_NOT_FOUND`. */
export async function checkPaths(paths: readonly string[]): Promise<void> {
  checkArgument('corpus/checkPaths', 'paths', paths, listOf(aString, 'a list of paths'));
  for (const path of paths) if (path !== STDIN) await statsOf(path);
}

async function statsOf(path: string): ReturnType<typeof stat> {
  return stat(path).catch((cause: NodeJS.ErrnoException) => {
    const message = cause.code === 'ENOENT' ? `there is no file or folder ${show(path)}` : cause.message;
    throw new AttnError('FILE_NOT_FOUND', WHERE, message, { cause });
  });
}

async function* readFolder(folder: string, root: string, reading: Reading): AsyncGenerator<CorpusDocument> {
  const { glob, ignore = [], format, signal, onWarning } = reading;
  const isMatch = glob && picomatch([...glob], { dot: true });
  const isIgnored = picomatch([...ignore], { dot: true });
  const folders = [folder];
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    const entries = [];
    for await (const entry of await opendir(next)) entries.push(entry);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      throwIfAborted(signal, WHERE);
      const path = resolve(next, entry.name);
      const name = relative(folder, path).split(sep).join('/');
      if (entry.name.startsWith('.') || NEVER.includes(entry.name) || isIgnored(name)) continue;
      if (entry.isDirectory()) folders.push(path);
      if (!entry.isFile()) continue;
      const isWanted = isMatch ? isMatch(name) : (format ?? formatOf(name)) !== undefined;
      if (!isWanted) continue;
      try {
        yield* readFileAt(path, root, reading);
      } catch (error) {
        if (!(error instanceof AttnError) || error.code !== 'FILE_NOT_FOUND') throw error;
        onWarning(error.sentence); // it went away meanwhile
      }
    }
  }
}

async function* readFileAt(path: string, root: string, reading: Reading): AsyncGenerator<CorpusDocument> {
  const name = corpusPath(path);
  const format = reading.format ?? formatOf(path) ?? 'text';
  const { size, mtimeMs: modified } = await statsOf(path);
  if (format === 'jsonl') {
    yield* readLines(createReadStream(path), name, root, reading);
    return;
  }
  const file = { path: name, root, format, size: Number(size), modified: Number(modified) };
  if (await isBinary(path)) reading.onWarning(`left out ${name}, which is no text`);
  else yield { ...file, text: () => readFile(path, 'utf8') };
}

/** Whether a file has the character 0 near its beginning, as no text has. */
async function isBinary(path: string): Promise<boolean> {
  for await (const chunk of createReadStream(path, { end: 8_191 })) return (chunk as Buffer).includes(0);
  return false;
}

async function* readStdin(reading: Reading): AsyncGenerator<CorpusDocument> {
  const { format = 'text', signal } = reading;
  if (format === 'jsonl') {
    yield* readLines(process.stdin, STDIN, STDIN, reading);
    return;
  }
  if (signal) addAbortSignal(signal, process.stdin);
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) text += String(chunk);
  yield { path: STDIN, root: STDIN, format, text };
}

/** The documents of a JSONL file. */
async function* readLines(
  stream: Readable,
  name: string,
  root: string,
  { signal }: Reading,
): AsyncGenerator<CorpusDocument> {
  if (signal) addAbortSignal(signal, stream);
  stream.setEncoding('utf8');
  for await (const line of textLines(stream)) yield readLine(line, name, root);
}

function readLine({ line, number }: TextLine, name: string, root: string): CorpusDocument {
  const fail = (cause?: unknown): never => {
    const message = `line ${number} of ${basename(name)} must be an object { id?, text, … }, got ${show(line)}`;
    throw new AttnError('MALFORMED_FILE', WHERE, message, { cause });
  };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    return fail(cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return fail();
  const { id = number, text, ...metadata } = value as JsonObject;
  if (typeof text !== 'string' || !['string', 'number'].includes(typeof id)) return fail();
  return { path: `${name}#${id}`, root, text, metadata };
}
