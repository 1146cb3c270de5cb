/**
 * What a template answers with, and how it is written into a repository: new files, and small changes of
 * existing ones.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One touch point. Throws `ScaffoldError` when the file is not as expected. */
export interface Change {
  readonly file: string;
  readonly change: (text: string) => string;
}

/** All that one `npm run new` does. Paths are relative to the repository's root. */
export interface Scaffold {
  readonly files: Readonly<Record<string, string>>;
  readonly changes: readonly Change[];
  /** What is left to the author, in order. */
  readonly next: readonly string[];
}

/** Something that the author can put right; the message is all they need. */
export class ScaffoldError extends Error {}

/** Adds lines after the last line of a file that looks like their siblings. */
export function addLines(file: string, siblings: RegExp, ...added: readonly string[]): Change {
  const change = (text: string): string => {
    const lines = text.split('\n');
    const index = lines.findLastIndex((line) => siblings.test(line));
    if (index < 0)
      throw new ScaffoldError(`expected a line like ${siblings} in ${file}, to add: ${added.join('\n')}`);
    return lines.toSpliced(index + 1, 0, ...added).join('\n');
  };
  return { file, change };
}

/** Changes a JSON file; `edit` works on a copy of its content. */
export function editJson<T>(file: string, edit: (content: T) => void): Change {
  const change = (text: string): string => {
    const content: T = JSON.parse(text);
    edit(content);
    return `${JSON.stringify(content, null, 2)}\n`;
  };
  return { file, change };
}

/** Writes everything or nothing, and returns the paths that were created and changed. */
export function apply(root: string, { files, changes }: Scaffold): string[] {
  for (const file of Object.keys(files)) {
    if (existsSync(join(root, file)))
      throw new ScaffoldError(`expected a new name, but ${file} exists already`);
  }
  const written = new Map(Object.entries(files));
  for (const { file, change } of changes) {
    written.set(file, change(written.get(file) ?? readFileSync(join(root, file), 'utf8')));
  }
  for (const [file, text] of written) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return [...written.keys()];
}
